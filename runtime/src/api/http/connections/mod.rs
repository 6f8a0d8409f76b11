//! The open connections: how many there may be, in all and per address, and which of them are closed because their peers
//! do nothing.
//!
//! A connection is closed if its first head is not complete in time, if nothing happens on it for long, or if its peer
//! does not read the answer. [`Connections::sweep`] looks at all of them twice a second, so that a connection in use
//! needs no timer and pays only for a few counters.

mod answering;
mod clients;
mod socket;
mod stalls;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::peer::network;
pub use answering::Answering;
pub use clients::Clients;
pub use socket::Socket;
pub use stalls::Bounds;
use stalls::{Ended, Watch};

/// How often the connections are looked at.
pub const SWEEP: Duration = Duration::from_millis(500);

/// Bytes that a connection keeps for the next head. What a large one took is given back.
const KEPT_HEAD: usize = 4096;

/// What a connection has done so far.
pub struct Connection {
    number: u64,
    network: IpAddr,
    opened: Instant,
    /// Cancelled to close it.
    closing: CancellationToken,
    /// Heads of requests that were read.
    requests: AtomicU64,
    /// Requests that are being answered.
    in_flight: AtomicU32,
    /// Bytes read and written.
    moved: AtomicU64,
    /// The peer takes nothing of what there is to write.
    blocked: AtomicBool,
    /// What was read since the last request: its head, as the peer wrote it.
    head: Mutex<Vec<u8>>,
}

/// One request that is being answered; it ends with this value.
pub struct InFlight(Arc<Connection>);

impl Connection {
    /// Returns when the connection must be closed.
    pub async fn closing(&self) {
        self.closing.cancelled().await;
    }

    /// A request whose head was read.
    pub fn begin(self: &Arc<Self>) -> InFlight {
        self.requests.fetch_add(1, Relaxed);
        self.in_flight.fetch_add(1, Relaxed);
        InFlight(self.clone())
    }

    /// Shows the head of the newest request, as the peer wrote it, and forgets it.
    pub fn look_at_head<T>(&self, look: impl FnOnce(&[u8]) -> T) -> T {
        let mut head = self.head.lock().expect("no panic while it is held");
        let seen = look(&head);
        if head.capacity() <= KEPT_HEAD {
            head.clear(); // the next request needs no allocation
        } else {
            *head = Vec::new();
        }
        seen
    }

    fn is_idle(&self) -> bool {
        self.in_flight.load(Relaxed) == 0 && !self.blocked.load(Relaxed)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

/// Every open connection.
pub struct Connections {
    bounds: Bounds,
    /// Connections that one network may have; 0: any number.
    per_network: u32,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    /// By number, so the oldest first.
    all: BTreeMap<u64, (Arc<Connection>, Watch)>,
    per_network: HashMap<IpAddr, u32>,
}

impl Connections {
    pub fn new(bounds: Bounds, per_network: u32) -> Arc<Self> {
        Arc::new(Connections { bounds, per_network, open: Mutex::default() })
    }

    /// A new connection. `None`: its network has as many as it may have. A trusted proxy may have any number.
    pub fn open(self: &Arc<Self>, peer: IpAddr, is_trusted: bool, now: Instant) -> Option<OpenConnection> {
        let network = network(peer);
        let mut open = self.lock();
        let count = open.per_network.entry(network).or_default();
        if self.per_network != 0 && *count >= self.per_network && !is_trusted {
            return None;
        }
        *count += 1;
        let number = open.next;
        open.next += 1;
        let connection = Arc::new(Connection {
            number,
            network,
            opened: now,
            closing: CancellationToken::new(),
            requests: AtomicU64::new(0),
            in_flight: AtomicU32::new(0),
            moved: AtomicU64::new(0),
            blocked: AtomicBool::new(false),
            head: Mutex::default(),
        });
        open.all.insert(number, (connection.clone(), Watch::default()));
        Some(OpenConnection { connection, all: self.clone() })
    }

    /// Closes every connection whose peer has done nothing for too long.
    pub fn sweep(&self, now: Instant) {
        for (connection, watch) in self.lock().all.values_mut() {
            if let Some(why) = watch.look(connection, &self.bounds, now) {
                tracing::debug!(network = %connection.network, ?why, "connection closed");
                connection.closing.cancel();
            }
        }
    }

    /// Closes the oldest idle connection of the network that has most, so that a newcomer finds room.
    pub fn close_an_idle_one(&self) {
        let open = self.lock();
        let idle = open.all.values().map(|(connection, _)| connection);
        let idle = idle.filter(|connection| connection.is_idle() && !connection.closing.is_cancelled());
        let most = |connection: &&Arc<Connection>| open.per_network.get(&connection.network).copied();
        if let Some(connection) = idle.rev().max_by_key(most) {
            tracing::debug!(network = %connection.network, why = ?Ended::ForANewcomer, "connection closed");
            connection.closing.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().expect("no panic while it is held")
    }
}

/// A connection that counts as open until this value is dropped.
pub struct OpenConnection {
    pub connection: Arc<Connection>,
    all: Arc<Connections>,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        let mut open = self.all.lock();
        open.all.remove(&self.connection.number);
        if let Some(count) = open.per_network.get_mut(&self.connection.network) {
            *count -= 1;
            if *count == 0 {
                open.per_network.remove(&self.connection.network);
            }
        }
    }
}
