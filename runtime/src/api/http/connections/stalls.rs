//! When a connection has done nothing for too long: a pure rule over what its counters say at moments in time.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::Connection;

/// How long a peer may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// From the connection to the end of the first head.
    pub first_head: Duration,
    /// For [`LEAST_PROGRESS`] bytes of an answer.
    pub progress: Duration,
    /// Without a request.
    pub idle: Duration,
}

/// Bytes that must move in [`Bounds::progress`]. A peer that takes less holds memory and gives nothing for it.
pub const LEAST_PROGRESS: u64 = 16 << 10;

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The first head did not come in time.
    NoHead,
    /// The peer does not read its answer, or too slowly.
    NotReading,
    /// No request came for long.
    Idle,
    /// It was idle, and others wait.
    ForANewcomer,
}

/// What an earlier look at a connection has found.
#[derive(Debug, Default)]
pub struct Watch {
    /// Since when its peer takes nothing or little, and how many bytes had been moved then.
    blocked: Option<(Instant, u64)>,
    /// Since when it is idle, and how many requests it had made then.
    idle: Option<(Instant, u64)>,
}

impl Watch {
    /// Why the connection must be closed now, if it must.
    pub fn look(&mut self, connection: &Connection, bounds: &Bounds, now: Instant) -> Option<Ended> {
        let (moved, requests) = (connection.moved.load(Relaxed), connection.requests.load(Relaxed));
        if requests == 0 {
            return (connection.opened + bounds.first_head <= now).then_some(Ended::NoHead);
        }
        if connection.blocked.load(Relaxed) {
            let (since, before) = *self.blocked.get_or_insert((now, moved));
            if LEAST_PROGRESS <= moved - before {
                self.blocked = Some((now, moved));
            } else if since + bounds.progress <= now {
                return Some(Ended::NotReading);
            }
        } else {
            self.blocked = None;
        }
        if !connection.is_idle() {
            self.idle = None;
            return None;
        }
        match self.idle {
            Some((since, before)) if before == requests => (since + bounds.idle <= now).then_some(Ended::Idle),
            _ => {
                self.idle = Some((now, requests));
                None
            }
        }
    }
}
