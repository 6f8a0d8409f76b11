//! How many failed logins a minute: per address, and per uuid. Threat T26.
//!
//! Neither refuses a key that the node knows to be right. An address that fails too often makes the node look nobody up
//! for it any more; wrong keys of a uuid that fails too often, from wherever, are told so.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use wask_model::{Failure, Timestamp, messages};

use super::rate::{minute_of, rest_of_minute};

/// Counters of one row.
const CELLS: usize = 4096;
/// Every name has a counter in each row; the least of them has the fewest others in it.
const ROWS: usize = 4;

/// Failed logins that are let pass in a clock minute; settings below `logins.`. 0 = unlimited.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoginConfig {
    /// Of one address; an IPv6 network of 64 bits counts as one.
    pub failures_per_address: u32,
    /// With one uuid.
    pub failures_per_uuid: u32,
}

impl Default for LoginConfig {
    fn default() -> Self {
        LoginConfig { failures_per_address: 300, failures_per_uuid: 60 }
    }
}

/// Counts failed logins in memory of a fixed size.
pub struct Logins {
    config: LoginConfig,
    addresses: Counters,
    uuids: Counters,
}

impl Logins {
    pub fn new(config: LoginConfig) -> Self {
        Logins { config, addresses: Counters::new(), uuids: Counters::new() }
    }

    /// Refuses to look for a key on behalf of this address.
    pub fn may_ask(&self, address: IpAddr, now: Timestamp) -> Result<(), Failure> {
        match self.config.failures_per_address {
            0 => Ok(()),
            allowed => refuse_above(self.addresses.count(&network(address), now), allowed, now),
        }
    }

    /// Counts a key that was wrong. `Err`: the answer to it, when there were too many.
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

/// `before`: failures of this minute so far.
fn refuse_above(before: u64, allowed: u32, now: Timestamp) -> Result<(), Failure> {
    match u64::from(allowed) <= before {
        true => Err(Failure::Throttled {
            message: messages::too_many_logins(before + 1, allowed),
            retry_after: rest_of_minute(now),
        }),
        false => Ok(()),
    }
}

/// What one customer of a network has: an address, or 64 bits of an IPv6 one.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        },
        v4 => v4,
    }
}

/// Counts names per clock minute, in fixed memory: rows of counters that names share by their hash. A count may be too
/// high, when others fill all counters of a name; it is never too low.
struct Counters {
    rows: [RandomState; ROWS], // keyed, so that nobody can aim at the counters of another
    /// The minute in the upper half, its count in the lower.
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

    /// Counts one more and returns how many there are.
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

/// Never 0, which is what unused counters say.
fn minute(now: Timestamp) -> u32 {
    (minute_of(now) as u32).wrapping_add(1)
}

fn of_minute(cell: u64, minute: u32) -> u64 {
    if cell >> 32 == u64::from(minute) { cell & u64::from(u32::MAX) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_900_000_020_000 + ms) // a full minute
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn logins(failures_per_address: u32, failures_per_uuid: u32) -> Logins {
        Logins::new(LoginConfig { failures_per_address, failures_per_uuid })
    }

    #[test]
    fn an_address_that_has_failed_too_often_asks_in_vain_until_the_minute_is_over() {
        let logins = logins(2, 0);
        let (bad, good) = (address("10.0.0.1"), address("10.0.0.2"));
        for _ in 0..2 {
            logins.may_ask(bad, at(0)).unwrap();
            logins.failed(bad, "u", at(0)).unwrap();
        }
        let Err(Failure::Throttled { message, retry_after }) = logins.may_ask(bad, at(45_000)) else {
            panic!("let in")
        };
        assert_eq!(message, "Too many failed logins in the last minute (count: 3, allowed: 2).");
        assert_eq!(retry_after.as_secs(), 15);
        logins.may_ask(good, at(45_000)).unwrap();
        logins.may_ask(bad, at(60_000)).unwrap();
    }

    #[test]
    fn wrong_keys_of_one_uuid_are_counted_from_all_addresses_together() {
        let logins = logins(0, 2);
        for n in 0..2 {
            logins.failed(address(&format!("10.0.0.{n}")), "u-1", at(0)).unwrap();
        }
        assert!(logins.failed(address("10.0.0.9"), "u-1", at(0)).is_err());
        logins.failed(address("10.0.0.9"), "u-2", at(0)).unwrap();
        logins.may_ask(address("10.0.0.9"), at(0)).unwrap();
    }

    #[test]
    fn a_whole_ipv6_network_and_a_mapped_address_are_one_place() {
        let logins = logins(1, 0);
        logins.failed(address("2001:db8:0:1::1"), "u", at(0)).unwrap();
        logins.failed(address("::ffff:10.0.0.1"), "u", at(0)).unwrap();
        assert!(logins.may_ask(address("2001:db8:0:1:ffff::2"), at(0)).is_err());
        assert!(logins.may_ask(address("10.0.0.1"), at(0)).is_err());
        logins.may_ask(address("2001:db8:0:2::1"), at(0)).unwrap();
    }

    #[test]
    fn a_crowd_of_failing_addresses_does_not_count_for_another() {
        let logins = logins(3, 0);
        for n in 0..1000_u32 {
            logins.failed(IpAddr::V4(n.into()), "u", at(0)).unwrap();
        }
        let refused = (1000..2000_u32).filter(|n| logins.may_ask(IpAddr::V4((*n).into()), at(0)).is_err());
        assert_eq!(refused.count(), 0);
    }

    #[test]
    fn zero_counts_nothing() {
        let logins = logins(0, 0);
        for _ in 0..1000 {
            logins.failed(address("10.0.0.1"), "u", at(0)).unwrap();
            logins.may_ask(address("10.0.0.1"), at(0)).unwrap();
        }
    }
}
