//! Counts failed logins per minute, in memory that stays the same size under any attack. threats.md T26.
//!
//! After too many failures from an address, the node stops looking up keys for it. After too many for a uuid, further
//! wrong keys get 429, from any address. Neither refuses a key that the node has cached.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use wask_model::{Failure, Timestamp, messages};

use crate::gate::rate::{minute_of, rest_of_minute};

/// How many counters one row has.
const CELLS: usize = 4096;
/// Every name has a counter in each row and shares it with other names. The lowest of its counters is the most
/// accurate.
const ROWS: usize = 4;

/// Failed logins allowed per clock minute; settings below `logins.`. 0 = unlimited.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoginConfig {
    /// From one address; an IPv6 /64 network counts as one.
    pub failures_per_address: u32,
    /// With one uuid.
    pub failures_per_uuid: u32,
}

impl Default for LoginConfig {
    fn default() -> Self {
        LoginConfig { failures_per_address: 300, failures_per_uuid: 60 }
    }
}

/// The counters of failed logins.
pub struct Logins {
    config: LoginConfig,
    addresses: Counters,
    uuids: Counters,
}

impl Logins {
    pub fn new(config: LoginConfig) -> Self {
        Logins { config, addresses: Counters::new(), uuids: Counters::new() }
    }

    /// Whether the node still looks up keys for this address. 429 after too many failures.
    pub fn may_ask(&self, address: IpAddr, now: Timestamp) -> Result<(), Failure> {
        match self.config.failures_per_address {
            0 => Ok(()),
            allowed => refuse_above(self.addresses.count(&network(address), now), allowed, now),
        }
    }

    /// Counts a wrong key. `Err`: 429 instead of 401, because there were too many.
    pub fn failed(&self, address: IpAddr, uuid: &str, now: Timestamp) -> Result<(), Failure> {
        let LoginConfig { failures_per_address, failures_per_uuid } = self.config;
        if failures_per_address != 0 {
            self.addresses.add(&network(address), now);
        }
        match failures_per_uuid {
            0 => Ok(()),
            allowed => refuse_above(self.uuids.add(uuid, now).saturating_sub(1), allowed, now),
        }
    }
}

/// `before`: how many failures this minute has had so far.
fn refuse_above(before: u64, allowed: u32, now: Timestamp) -> Result<(), Failure> {
    if before < u64::from(allowed) {
        return Ok(());
    }
    let message = messages::too_many_logins(before + 1, allowed);
    Err(Failure::Throttled { message, retry_after: rest_of_minute(now) })
}

/// What a provider assigns to one customer: an address, or an IPv6 /64 network.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        },
        v4 => v4,
    }
}

/// Counts names per clock minute in rows of counters, which names share by their hash (a count-min sketch). A count may
/// be too high if other names share all counters of a name; it is never too low.
struct Counters {
    rows: [RandomState; ROWS], // keyed hashes: an attacker cannot aim at the counters of another name
    /// Each has the minute in its upper half and the count in its lower half.
    cells: Box<[AtomicU64]>,
}

impl Counters {
    fn new() -> Self {
        let cells = std::iter::repeat_with(AtomicU64::default).take(ROWS * CELLS).collect();
        Counters { rows: std::array::from_fn(|_| RandomState::new()), cells }
    }

    fn cells_of<T: Hash + ?Sized>(&self, name: &T) -> [&AtomicU64; ROWS] {
        std::array::from_fn(|row| &self.cells[row * CELLS + self.rows[row].hash_one(name) as usize % CELLS])
    }

    fn count<T: Hash + ?Sized>(&self, name: &T, now: Timestamp) -> u64 {
        let minute = minute(now);
        let counts = self.cells_of(name).map(|cell| of_minute(cell.load(Ordering::Relaxed), minute));
        counts.into_iter().min().unwrap_or(0)
    }

    /// Counts one more and returns the new count.
    fn add<T: Hash + ?Sized>(&self, name: &T, now: Timestamp) -> u64 {
        let minute = minute(now);
        let one_more = |cell: u64| (u64::from(minute) << 32) | (of_minute(cell, minute) + 1).min(u32::MAX.into());
        let add = |cell: &AtomicU64| {
            let before = cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |cell| Some(one_more(cell)));
            of_minute(before.unwrap_or_else(|unchanged| unchanged), minute) + 1
        };
        self.cells_of(name).map(add).into_iter().min().unwrap_or(0)
    }
}

/// Never 0, the minute of an unused counter.
fn minute(now: Timestamp) -> u32 {
    (minute_of(now) as u32).wrapping_add(1)
}

fn of_minute(cell: u64, minute: u32) -> u64 {
    if cell >> 32 == u64::from(minute) { cell & u64::from(u32::MAX) } else { 0 }
}

#[cfg(test)]
mod tests;
