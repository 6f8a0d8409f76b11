//! The tick: the beat at which guests take turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts the ticks of an engine. Reading it costs a load, where a clock costs much more. Cloning it is cheap.
#[derive(Clone, Default)]
pub(crate) struct Ticks(Arc<AtomicU64>);

impl Ticks {
    /// The number of ticks so far.
    pub fn now(&self) -> u64 {
        self.0.load(Relaxed)
    }

    pub fn advance(&self) {
        self.0.fetch_add(1, Relaxed);
    }
}
