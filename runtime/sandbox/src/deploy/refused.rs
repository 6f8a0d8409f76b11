//! Modules that were refused a short time ago. Who sends one again gets the same answer, without another compilation.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::digest::Digest;
use crate::engine::{RefusedModule, Stopwatch};

/// The refusals that are remembered.
pub(super) struct Refusals {
    most: usize,
    remembered_for: Duration,
    of: HashMap<Digest, RefusedModule>,
    /// The oldest first.
    ages: VecDeque<(Digest, Stopwatch)>,
}

impl Refusals {
    pub fn new(most: u32, remembered_for: Duration) -> Refusals {
        Refusals { most: most as usize, remembered_for, of: HashMap::new(), ages: VecDeque::new() }
    }

    pub fn get(&mut self, digest: &Digest) -> Option<RefusedModule> {
        while self.ages.front().is_some_and(|(_, age)| age.elapsed() >= self.remembered_for) {
            self.forget_oldest();
        }
        self.of.get(digest).cloned()
    }

    pub fn add(&mut self, digest: Digest, refused: RefusedModule) {
        if self.of.len() >= self.most {
            self.forget_oldest();
        }
        if self.of.insert(digest, refused).is_none() {
            self.ages.push_back((digest, Stopwatch::start()));
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((digest, _)) = self.ages.pop_front() {
            self.of.remove(&digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_remembered_in_number_and_for_a_time() {
        let digests = [1u8, 2, 3].map(|n| Digest::from([n; 32]));
        let mut few = Refusals::new(2, Duration::from_secs(60));
        digests.iter().for_each(|digest| few.add(*digest, RefusedModule::NoStart));
        let known = digests.map(|digest| few.get(&digest).is_some());
        assert_eq!(known, [false, true, true]);

        let mut short = Refusals::new(2, Duration::ZERO);
        short.add(digests[0], RefusedModule::NoStart);
        assert_eq!(short.get(&digests[0]), None);
    }
}
