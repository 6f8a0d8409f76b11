//! What lists return.

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListPage<T> {
    /// Its items, in the order of the list.
    pub items: Vec<T>,
    /// Whether it ended before its limit because its items are large.
    pub is_cut: bool,
    /// Bytes of its items, about, as they are shown.
    pub bytes: u64,
}

impl<T> ListPage<T> {
    /// The same page of other items.
    pub fn map<U>(self, read: impl FnMut(T) -> U) -> ListPage<U> {
        ListPage { items: self.items.into_iter().map(read).collect(), is_cut: self.is_cut, bytes: self.bytes }
    }
}
