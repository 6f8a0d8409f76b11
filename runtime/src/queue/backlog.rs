//! Who waits in the store, so that no newcomer overtakes him: one share that has as many running as it may, or everybody
//! while the node has no place left.

use std::sync::atomic::{AtomicBool, Ordering};

use dashmap::DashSet;

/// What is behind in one lane. Too much is told rather than too little: who is not behind any more is found out by looking.
pub struct Backlog {
    all: AtomicBool,
    /// As many as there are shares with waiting jobs.
    shares: DashSet<String>,
}

impl Backlog {
    /// Nobody has looked yet.
    pub fn unknown() -> Self {
        Backlog { all: AtomicBool::new(true), shares: DashSet::new() }
    }

    pub fn holds_back(&self, share: &str) -> bool {
        self.all.load(Ordering::Acquire) || (!self.shares.is_empty() && self.shares.contains(share))
    }

    pub fn is_any(&self) -> bool {
        self.all.load(Ordering::Acquire) || !self.shares.is_empty()
    }

    pub fn add(&self, share: &str) {
        self.shares.insert(share.to_owned());
    }

    pub fn add_all(&self) {
        self.all.store(true, Ordering::Release);
    }

    /// For whoever is about to look: who comes from now on adds himself again.
    pub fn clear(&self) {
        self.all.store(false, Ordering::Release);
        self.shares.clear();
    }
}
