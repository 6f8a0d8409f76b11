//! The client's clock: no server has started that could lend it one.

use std::time::{Duration, Instant, SystemTime};

/// Tells the time and waits for it.
pub struct Clock {
    started: Instant,
}

impl Clock {
    pub fn system() -> Self {
        Clock { started: Instant::now() }
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
    }

    /// Time since this clock was made. It never goes back.
    pub fn passed(&self) -> Duration {
        self.started.elapsed()
    }
}
