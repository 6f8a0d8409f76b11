//! Ends queries that take too long. The store reads no clock; this is its stopwatch.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::StoreError;

/// Steps of SQLite's virtual machine between two looks at the stopwatch: less than a millisecond.
const STEPS: i32 = 10_000;

/// When the query that runs on a connection is ended.
pub(super) struct Deadline {
    started: Instant,
    /// Milliseconds after `started`.
    ends: Arc<AtomicU64>,
}

impl Deadline {
    /// Lets SQLite look at the stopwatch while a query runs on this connection.
    pub fn watch(db: &mut Connection) -> Result<Deadline, StoreError> {
        let deadline = Deadline { started: Instant::now(), ends: Arc::new(AtomicU64::new(u64::MAX)) };
        let (started, ends) = (deadline.started, deadline.ends.clone());
        db.progress_handler(STEPS, Some(move || ends.load(Relaxed) < millis(started.elapsed())))?;
        Ok(deadline)
    }

    /// The next query ends after `limit`. `None`: it takes as long as it takes.
    pub fn set(&self, limit: Option<Duration>) {
        let end = limit.map_or(u64::MAX, |limit| millis(self.started.elapsed() + limit));
        self.ends.store(end, Relaxed);
    }
}

pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
