//! Which shares have jobs waiting in the store, so that new work does not overtake them: single shares that are at
//! their limit, or all of them while the node has no free permit.

use std::sync::atomic::{AtomicBool, Ordering};

use dashmap::DashSet;

/// The shares of one lane that have jobs waiting in the store. May list too many; the next look removes those that have
/// caught up.
pub struct Backlog {
    all: AtomicBool,
    shares: DashSet<String>,
}

impl Backlog {
    /// Before the first look: every share may have jobs waiting.
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

    /// Call this before looking in the store. A share that falls behind afterwards is added again.
    pub fn clear(&self) {
        self.all.store(false, Ordering::Release);
        self.shares.clear();
    }
}
