//! Lists in which every key occurs once, in the order in which the keys were added.

use std::collections::HashMap;

/// Up to this many items, looking through them is faster than an index of their keys.
const FEW: usize = 32;

/// Adds each item, or puts it in the place of the one with its key. Takes time in proportion to the number of items.
pub(crate) fn set_all<T>(all: &mut Vec<T>, items: impl IntoIterator<Item = T>, key: impl Fn(&T) -> &str) {
    let mut places: HashMap<String, usize> = HashMap::new();
    for item in items {
        if all.len() > FEW && places.is_empty() {
            places.extend(all.iter().enumerate().map(|(place, item)| (key(item).to_owned(), place)));
        }
        let place = if places.is_empty() {
            all.iter().position(|old| key(old) == key(&item))
        } else {
            places.get(key(&item)).copied()
        };
        match place {
            Some(place) => all[place] = item,
            None => {
                if !places.is_empty() {
                    places.insert(key(&item).to_owned(), all.len());
                }
                all.push(item);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_key_keeps_its_first_place_and_gets_its_last_value(
            old in prop::collection::vec("[a-z]{1,2}", 0..60),
            new in prop::collection::vec("[a-z]{1,2}", 0..60),
        ) {
            let numbered: Vec<(String, usize)> = old.into_iter().chain(new).zip(0..).collect();
            let mut one_by_one: Vec<(String, usize)> = Vec::new();
            for item in &numbered {
                match one_by_one.iter_mut().find(|(key, _)| *key == item.0) {
                    Some(old) => *old = item.clone(),
                    None => one_by_one.push(item.clone()),
                }
            }
            let (first, rest) = numbered.split_at(numbered.len() / 2);
            let mut at_once = Vec::new();
            set_all(&mut at_once, first.to_vec(), |(key, _)| key);
            set_all(&mut at_once, rest.to_vec(), |(key, _)| key);
            prop_assert_eq!(at_once, one_by_one);
        }
    }

    #[test]
    fn three_hundred_thousand_keys_take_a_moment() {
        let mut all = Vec::new();
        for _ in 0..2 {
            set_all(&mut all, (0..300_000).map(|number| (number.to_string(), number)), |(key, _)| key);
        }
        assert_eq!(all.len(), 300_000);
    }
}
