//! What an attack aims at, and how large it is.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::{Client, ServerProcess};

/// How much an attack does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Enough to bite, beside other tests.
    Small,
    /// As much as one caller can.
    Full,
}

/// The attacked server, from the attacker's side. Cloning it is cheap.
#[derive(Clone)]
pub struct Target {
    /// Where the server listens.
    pub address: SocketAddr,
    /// The attacker's own namespace. An anonymous attacker uses only its [`anonymous`](Client::anonymous) requests.
    pub attacker: Client,
    /// The process that is attacked.
    pub pid: u32,
    size: Size,
    until: Instant,
}

impl Target {
    pub(super) fn new(server: &ServerProcess, attacker: Client, size: Size, until: Instant) -> Self {
        Target { address: server.address(), attacker, pid: server.pid(), size, until }
    }

    /// Whether the attack goes on.
    pub fn lasts(&self) -> bool {
        Instant::now() < self.until
    }

    /// How long the attack still goes on.
    pub fn rest(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// The size of something that differs between a story and `make attack`.
    pub fn count(&self, small: usize, full: usize) -> usize {
        match self.size {
            Size::Small => small,
            Size::Full => full,
        }
    }
}
