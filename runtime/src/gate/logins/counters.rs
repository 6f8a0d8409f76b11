//! Counts per clock minute, for any number of names.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use wask_model::Timestamp;

use crate::gate::rate::minute_of;

/// How many counters one row has.
const CELLS: usize = 4096;
/// Every name has a counter in each row and shares it with other names. The lowest of its counters is the most
/// accurate.
const ROWS: usize = 4;

/// Counts names per clock minute in rows of counters, which names share by their hash (a count-min sketch). A count may
/// be too high if other names share all counters of a name; it is never too low.
pub struct Counters {
    rows: [RandomState; ROWS], // keyed hashes: an attacker cannot aim at the counters of another name
    /// Each has the minute in its upper half and the count in its lower half.
    cells: Box<[AtomicU64]>,
}

impl Counters {
    pub fn new() -> Self {
        let cells = std::iter::repeat_with(AtomicU64::default).take(ROWS * CELLS).collect();
        Counters { rows: std::array::from_fn(|_| RandomState::new()), cells }
    }

    /// Counts one more and returns the new count.
    pub fn add<T: Hash + ?Sized>(&self, name: &T, now: Timestamp) -> u64 {
        let minute = minute(now);
        let one_more = |cell: u64| (u64::from(minute) << 32) | (of_minute(cell, minute) + 1).min(u32::MAX.into());
        let add = |cell: &AtomicU64| {
            let before = cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |cell| Some(one_more(cell)));
            of_minute(before.unwrap_or_else(|unchanged| unchanged), minute) + 1
        };
        self.cells_of(name).map(add).into_iter().min().unwrap_or(0)
    }

    fn cells_of<T: Hash + ?Sized>(&self, name: &T) -> [&AtomicU64; ROWS] {
        std::array::from_fn(|row| &self.cells[row * CELLS + self.rows[row].hash_one(name) as usize % CELLS])
    }
}

/// Never 0, the minute of an unused counter.
fn minute(now: Timestamp) -> u32 {
    (minute_of(now) as u32).wrapping_add(1)
}

fn of_minute(cell: u64, minute: u32) -> u64 {
    if cell >> 32 == u64::from(minute) { cell & u64::from(u32::MAX) } else { 0 }
}
