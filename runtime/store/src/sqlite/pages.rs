//! Pages of lists, bounded in bytes.

use crate::{ListPage, StoreError};

/// How many times as many bytes may be read for a page as it may show.
const READ_PER_SHOWN: u64 = 16;

/// Bytes of one item.
pub(super) struct Weight {
    pub shown: u64,
    pub read: u64,
}

impl Weight {
    /// Everything that is read is shown.
    pub fn of(bytes: usize) -> Weight {
        Weight { shown: bytes as u64, read: bytes as u64 }
    }
}

/// Reads items one by one until the page has all of them or `bytes` of them; at least one. `read` returns `None` for one
/// that has just been removed.
pub(super) fn page<K, T>(
    keys: Vec<K>,
    bytes: u64,
    mut read: impl FnMut(K) -> Result<Option<(T, Weight)>, StoreError>,
) -> Result<ListPage<T>, StoreError> {
    let (mut shown, mut all) = (0u64, 0u64);
    let mut items = Vec::with_capacity(keys.len());
    for key in keys {
        let Some((item, weight)) = read(key)? else { continue };
        let with_it = (shown.saturating_add(weight.shown), all.saturating_add(weight.read));
        if !items.is_empty() && (with_it.0 > bytes || with_it.1 > bytes.saturating_mul(READ_PER_SHOWN)) {
            return Ok(ListPage { items, is_cut: true, bytes: shown });
        }
        (shown, all) = with_it;
        items.push(item);
    }
    Ok(ListPage { items, is_cut: false, bytes: shown })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paged(sizes: &[(u64, u64)]) -> (usize, bool) {
        let page = page(sizes.to_vec(), 100, |(shown, read)| Ok(Some(((), Weight { shown, read }))));
        page.map(|page| (page.items.len(), page.is_cut)).unwrap()
    }

    #[test]
    fn a_page_ends_before_it_is_too_large_but_has_one_item() {
        assert_eq!(paged(&[(50, 50), (50, 50)]), (2, false));
        assert_eq!(paged(&[(50, 50), (50, 50), (1, 1)]), (2, true));
        assert_eq!(paged(&[(1000, 1000)]), (1, false));
        assert_eq!(paged(&[(1000, 1000), (1, 1)]), (1, true));
        assert_eq!(paged(&[(1, 1500), (1, 100), (1, 1)]), (2, true));
        assert_eq!(paged(&[]), (0, false));
    }
}
