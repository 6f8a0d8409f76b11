//! Slows down those who guess keys, and nobody else, in memory that stays the same size under any attack. threats.md T26.
//!
//! Every key is looked up, whatever failed before at its address: a right one always succeeds. An address looks up a few
//! keys at a time, and the answer to a wrong key waits, the longer the more of them there were in this minute. Where too
//! many answers wait already, it is 429 at once.

mod counters;

use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, SemaphorePermit};
use wask_model::setting::{MILLION, OutOfRange, check_ranges};
use wask_model::{Failure, Timestamp, messages};

use crate::gate::rate::rest_of_minute;
use counters::Counters;

/// How many addresses are told apart; the others share.
const CELLS: usize = 4096;

/// What happens to wrong keys; settings below `logins.`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoginConfig {
    /// Wrong keys from one address per clock minute that are answered at once; an IPv6 /64 network counts as one
    /// address. 0 = unlimited.
    pub failures_per_address: u32,
    /// The same for one uuid from one address.
    pub failures_per_uuid: u32,
    /// The longest wait of an answer to a wrong key: milliseconds, at twice the number of failures.
    pub delay_ms: u64,
    /// How many answers to wrong keys wait at a time. An address has as many of them as it leaves free.
    pub delayed: u32,
    /// How many keys are looked up at a time for one address.
    pub lookups_per_address: u32,
}

impl Default for LoginConfig {
    fn default() -> Self {
        LoginConfig {
            failures_per_address: 300,
            failures_per_uuid: 60,
            delay_ms: 2000,
            delayed: 1000,
            lookups_per_address: 4,
        }
    }
}

/// The failed logins of this minute, and the answers that wait.
pub struct Logins {
    config: LoginConfig,
    addresses: Counters,
    uuids: Counters,
    cells: RandomState, // a keyed hash: an attacker cannot aim at the cell of another address
    lookups: Box<[Semaphore]>,
    delayed: Arc<Delayed>,
}

/// The answers that wait: all of them, and those of each cell.
struct Delayed {
    all: AtomicU32,
    by_cell: Box<[AtomicU32]>,
}

/// What the answer to a wrong key is.
#[derive(Debug)]
pub enum WrongKey {
    /// 401, after this wait.
    Refused(Delay),
    /// 429, at once.
    Throttled(Failure),
}

/// The wait of an answer. Keep it until the answer is sent.
#[derive(Debug)]
pub struct Delay {
    pub span: Duration,
    _place: Option<Place>,
}

/// One of the answers that may wait at a time.
struct Place(Arc<Delayed>, usize);

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Place").field(&self.1).finish()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.all.fetch_sub(1, Relaxed);
        self.0.by_cell[self.1].fetch_sub(1, Relaxed);
    }
}

impl LoginConfig {
    pub fn check(&self) -> Result<(), OutOfRange> {
        check_ranges([
            ("delay_ms", self.delay_ms, 0..=10_000),
            ("delayed", self.delayed.into(), 0..=MILLION),
            ("lookups_per_address", self.lookups_per_address.into(), 1..=1000),
        ])
    }
}

impl Logins {
    pub fn new(config: LoginConfig) -> Self {
        let permits = config.lookups_per_address as usize;
        let by_cell = std::iter::repeat_with(AtomicU32::default).take(CELLS).collect();
        Logins {
            config,
            addresses: Counters::new(),
            uuids: Counters::new(),
            cells: RandomState::new(),
            lookups: std::iter::repeat_with(|| Semaphore::new(permits)).take(CELLS).collect(),
            delayed: Arc::new(Delayed { all: AtomicU32::new(0), by_cell }),
        }
    }

    /// Waits until one of the lookups of this address is free, and takes it until it is dropped.
    pub async fn lookup(&self, address: IpAddr) -> SemaphorePermit<'_> {
        let cell = self.cell_of(&network(address));
        self.lookups[cell].acquire().await.expect("no semaphore of this kind is closed")
    }

    /// Counts a wrong key: how many there were in this minute, and how many are answered at once.
    fn count(&self, address: IpAddr, uuid: &str, now: Timestamp) -> [(u64, u32); 2] {
        let LoginConfig { failures_per_address, failures_per_uuid, .. } = self.config;
        let network = network(address);
        let of_address = if failures_per_address == 0 { 0 } else { self.addresses.add(&network, now) };
        let of_uuid = if failures_per_uuid == 0 { 0 } else { self.uuids.add(&(network, uuid), now) };
        [(of_address, failures_per_address), (of_uuid, failures_per_uuid)]
    }

    /// Counts a wrong key and says how it is answered.
    pub fn failed(&self, address: IpAddr, uuid: &str, now: Timestamp) -> WrongKey {
        let counts = self.count(address, uuid, now);
        let span = counts.iter().map(|(count, allowed)| self.delay(*count, *allowed)).max().unwrap_or_default();
        if span.is_zero() {
            return WrongKey::Refused(Delay { span, _place: None });
        }
        if let Some(place) = self.place(self.cell_of(&network(address))) {
            return WrongKey::Refused(Delay { span, _place: Some(place) });
        }
        let [by_address, by_uuid] = counts;
        let (count, allowed) = if u64::from(by_address.1) < by_address.0 { by_address } else { by_uuid };
        let message = messages::too_many_logins(count, allowed);
        WrongKey::Throttled(Failure::Throttled { message, retry_after: rest_of_minute(now) })
    }

    /// Grows from nothing at `allowed` failures to the longest at twice as many. `allowed`: 0 = unlimited.
    fn delay(&self, count: u64, allowed: u32) -> Duration {
        let allowed = u64::from(allowed);
        if allowed == 0 || count <= allowed {
            return Duration::ZERO;
        }
        let excess = (count - allowed).min(allowed);
        Duration::from_millis((self.config.delay_ms * excess).div_ceil(allowed))
    }

    /// A cell may have as many places as it leaves free.
    fn place(&self, cell: usize) -> Option<Place> {
        let all = self.delayed.all.fetch_add(1, Relaxed) + 1;
        let own = self.delayed.by_cell[cell].fetch_add(1, Relaxed) + 1;
        let place = Place(self.delayed.clone(), cell);
        (own <= self.config.delayed.saturating_sub(all)).then_some(place)
    }

    fn cell_of(&self, network: &IpAddr) -> usize {
        self.cells.hash_one(network) as usize % CELLS
    }
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

#[cfg(test)]
mod tests;
