//! Keys that were refused a moment ago. Who sends one again is refused without a read of the store, in memory that
//! stays the same size whatever is tried.
//!
//! It remembers wrong keys and not only uuids: a key that an operator has just made works at once, whatever was tried
//! with its uuid, and the answer takes as long for a uuid that exists as for one that does not. threats.md T25.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wask_model::{AuthKey, Timestamp};

/// How many keys are told apart; a further one takes the place of another.
const CELLS: usize = 4096;
/// How long a key is remembered.
const REMEMBERED: Duration = Duration::from_secs(1);

/// The keys that were refused since any identity changed.
pub(super) struct RefusedKeys {
    hashes: [RandomState; 2], // keyed hashes: nobody can aim at the cell of another key
    remembered: Mutex<Remembered>,
}

struct Remembered {
    /// Raised when all is forgotten: what was read before is not kept.
    generation: u64,
    cells: Box<[Option<Refused>]>,
}

#[derive(Clone, Copy)]
struct Refused {
    key: [u64; 2],
    until: Timestamp,
}

/// When a key began to be looked up.
pub(super) struct Asked(u64);

impl RefusedKeys {
    pub fn new() -> RefusedKeys {
        let remembered = Remembered { generation: 0, cells: vec![None; CELLS].into() };
        RefusedKeys { hashes: [RandomState::new(), RandomState::new()], remembered: Mutex::new(remembered) }
    }

    /// `Err`: it was refused a moment ago. `Ok` is for [`RefusedKeys::add`].
    pub fn check(&self, key: &AuthKey, now: Timestamp) -> Result<Asked, ()> {
        let (key, remembered) = (self.hash(key), self.lock());
        match remembered.cells[cell(key)] {
            Some(refused) if refused.key == key && now < refused.until => Err(()),
            Some(_) | None => Ok(Asked(remembered.generation)),
        }
    }

    /// Remembers a key, unless identities have changed since it was asked about.
    pub fn add(&self, key: &AuthKey, asked: Asked, now: Timestamp) {
        let (key, mut remembered) = (self.hash(key), self.lock());
        if remembered.generation == asked.0 {
            remembered.cells[cell(key)] = Some(Refused { key, until: now.after(REMEMBERED) });
        }
    }

    /// Call this after a change of identities.
    pub fn forget_all(&self) {
        let mut remembered = self.lock();
        remembered.generation += 1;
        remembered.cells.fill(None);
    }

    fn hash(&self, key: &AuthKey) -> [u64; 2] {
        [0, 1].map(|n| self.hashes[n].hash_one((&key.uuid, key.secret())))
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cell(key: [u64; 2]) -> usize {
    key[0] as usize % CELLS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_900_000_000_000 + ms)
    }

    fn key(uuid: &str, secret: &str) -> AuthKey {
        AuthKey::new(uuid, secret)
    }

    #[test]
    fn a_key_is_refused_from_memory_for_a_moment_and_no_other_with_it() {
        let keys = RefusedKeys::new();
        let wrong = key("u", "wrong");
        keys.add(&wrong, keys.check(&wrong, at(0)).unwrap_or(Asked(9)), at(0));
        assert!(keys.check(&wrong, at(999)).is_err());
        assert!(keys.check(&wrong, at(1000)).is_ok());
        for other in [key("u", "right"), key("v", "wrong"), key("uw", "rong")] {
            assert!(keys.check(&other, at(0)).is_ok());
        }
    }

    #[test]
    fn a_key_that_was_asked_about_before_identities_changed_is_not_remembered() {
        let keys = RefusedKeys::new();
        let made = key("u", "just made");
        let asked = keys.check(&made, at(0)).unwrap_or(Asked(9));
        keys.forget_all();
        keys.add(&made, asked, at(0));
        assert!(keys.check(&made, at(1)).is_ok());
    }
}
