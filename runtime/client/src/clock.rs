//! The client's clock. A command runs without a server, so it cannot use the server's clock.

use std::time::{Duration, Instant, SystemTime};

/// Reads the system's clock and waits.
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

    /// Time since this clock was created; it never goes back.
    pub fn passed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Blocks the command for this long.
    pub fn sleep(&self, span: Duration) {
        std::thread::sleep(span);
    }
}
