//! How much memory the process may use, and what everybody has of it.
//!
//! The [`Budget`] is divided into parts, one for each use. What is counted in a part is counted for a share of it, which
//! is a namespace wherever there is one. **A share may hold at most as much as it leaves free**: one greedy share gets
//! half of a part, two get a third each, and whoever comes next finds room. What finds none is refused, or waits for its
//! turn.

mod machine;
mod part;
mod places;
mod turns;

use serde::{Deserialize, Serialize};
use wask_model::setting::{OutOfRange, check_ranges};

pub use part::{Charge, NoRoom, Part};
pub use places::{Place, PlaceWanted, Places};
pub use turns::Turns;

/// Which part of `server.memory_bytes` each use may take, in percent; settings below `memory.`. The rest is for what is
/// not counted: the store, threads, connections, the program itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemoryConfig {
    /// The memory of guests: what it has grown to, and what is kept of it for the next guests.
    pub guests_percent: u32,
    /// Bodies of requests, and the JSON that is made of them.
    pub requests_percent: u32,
    /// Answers that are being sent.
    pub answers_percent: u32,
    /// Records that wait for the disk. Not a part of the answers': who reads answers slowly must not stop whom they are
    /// about.
    pub records_percent: u32,
    /// Entities, identities, routes and compiled modules that are kept at hand.
    pub caches_percent: u32,
    /// How long a run waits for a place.
    pub place_wait_ms: u64,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        MemoryConfig {
            guests_percent: 50,
            requests_percent: 15,
            answers_percent: 10,
            records_percent: 5,
            caches_percent: 10,
            place_wait_ms: 600_000,
        }
    }
}

impl MemoryConfig {
    /// `Err` is the first setting outside its range.
    pub fn check(&self) -> Result<(), OutOfRange> {
        check_ranges([
            ("guests_percent", self.guests_percent.into(), 1..=100),
            ("requests_percent", self.requests_percent.into(), 1..=100),
            ("answers_percent", self.answers_percent.into(), 1..=100),
            ("records_percent", self.records_percent.into(), 1..=100),
            ("caches_percent", self.caches_percent.into(), 1..=100),
            ("place_wait_ms", self.place_wait_ms, 0..=u64::MAX),
        ])
    }

    /// All parts together, in percent.
    pub fn sum(&self) -> u32 {
        self.guests_percent + self.requests_percent + self.answers_percent + self.records_percent + self.caches_percent
    }
}

/// Memory of finished guests that is not given back to the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptMemory {
    /// How many guests there may be at the same time: `sandbox.max_instances`.
    pub instances: u32,
    /// How much of each is kept at most, in bytes: `sandbox.keep_resident_bytes`.
    pub of_each: u64,
}

impl KeptMemory {
    fn bytes(self) -> u64 {
        self.of_each * u64::from(self.instances)
    }

    /// Less of each, so that all of it fits into `most`: whole pages.
    fn within(self, most: u64) -> KeptMemory {
        let fits = most.checked_div(self.instances.into()).unwrap_or(0) / PAGE * PAGE;
        KeptMemory { of_each: self.of_each.min(fits), ..self }
    }
}

/// How many bytes each cache may keep.
#[derive(Clone, Copy, Debug)]
pub struct CacheBytes {
    /// Compiled modules.
    pub modules: u64,
    /// Entities of the catalog.
    pub entities: u64,
    /// Routes of the gateway.
    pub routes: u64,
    /// Identities of the catalog.
    pub identities: u64,
}

/// Bytes of a page of the machine's memory.
const PAGE: u64 = 4096;

/// The bytes that the process may use, and its parts.
pub struct Budget {
    total: u64,
    kept: KeptMemory,
    guests: Part,
    requests: Part,
    answers: Part,
    records: Part,
    caches_bytes: u64,
}

impl Budget {
    /// `memory_bytes`: `server.memory_bytes`; 0: three quarters of what the machine or the process's cgroup has.
    /// `kept`: what is kept of finished guests is taken from the part of guests.
    pub fn new(memory_bytes: u64, config: &MemoryConfig, kept: KeptMemory) -> Budget {
        let total = if memory_bytes == 0 { machine::memory_bytes() / 4 * 3 } else { memory_bytes };
        let bytes = |percent: u32| total / 100 * u64::from(percent);
        let guests = bytes(config.guests_percent);
        let kept = kept.within(guests / 8);
        Budget {
            total,
            kept,
            guests: Part::new("memory.guests_percent", guests - kept.bytes()),
            requests: Part::new("memory.requests_percent", bytes(config.requests_percent)),
            answers: Part::new("memory.answers_percent", bytes(config.answers_percent)),
            records: Part::new("memory.records_percent", bytes(config.records_percent)),
            caches_bytes: bytes(config.caches_percent),
        }
    }

    /// All of it, in bytes.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// What is kept of finished guests for the next ones, as far as there is room for it.
    pub fn kept(&self) -> KeptMemory {
        self.kept
    }

    /// For the memory of guests.
    pub fn guests(&self) -> &Part {
        &self.guests
    }

    /// For bodies of requests and the JSON that is made of them.
    pub fn requests(&self) -> &Part {
        &self.requests
    }

    /// For answers that are being sent.
    pub fn answers(&self) -> &Part {
        &self.answers
    }

    /// For records that wait for the disk.
    pub fn records(&self) -> &Part {
        &self.records
    }

    /// How many bytes all caches may keep together.
    pub fn caches_bytes(&self) -> u64 {
        self.caches_bytes
    }

    /// How many bytes each cache may keep.
    pub fn caches(&self) -> CacheBytes {
        let part = |percent: u64| self.caches_bytes / 100 * percent;
        CacheBytes { modules: part(60), entities: part(25), routes: part(10), identities: part(5) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_finished_guests_is_an_eighth_of_their_part_at_most() {
        let kept = |memory: u64| {
            let kept = KeptMemory { instances: 2000, of_each: 512 << 10 };
            let budget = Budget::new(memory, &MemoryConfig::default(), kept);
            (budget.kept().of_each, budget.guests().total())
        };
        assert_eq!(kept(16 << 30), (512 << 10, (16 << 30) / 100 * 50 - (1000 << 20)));
        assert_eq!(kept(1 << 30), (32 << 10, (1 << 30) / 100 * 50 - 2000 * (32 << 10)));
        assert_eq!(kept(64 << 20), (0, (64 << 20) / 100 * 50));
    }
}
