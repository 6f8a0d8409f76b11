//! The write-ahead log, which the writer moves into the database between two commits. SQLite would do it at the end of
//! a commit and forget its errors; a failed sync is a fault, and the callers of that commit need not wait for it.

use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::hooks::Wal;

use super::SqliteConfig;
use super::values;
use crate::StoreError;

/// How long a commit may wait for those who read, for each `wal_bytes` that the log has.
const WAIT: Duration = Duration::from_millis(50);

/// How long the log is, and when it is moved.
pub(super) struct Log {
    /// How many pages it had at the last commit.
    pages: Arc<AtomicU64>,
    /// How many it may have.
    bound: u64,
    /// How many it had when it was moved and could not be begun again, because of those who read.
    moved_at: Option<u64>,
    busy_timeout: Duration,
}

impl Log {
    /// Counts the pages of every commit of this connection from now on.
    pub fn watch(db: &mut Connection, config: &SqliteConfig) -> Result<Log, StoreError> {
        let page = db.pragma_query_value(None, "page_size", values::count)?;
        let (pages, busy_timeout) = (Arc::new(AtomicU64::new(0)), Duration::from_millis(config.busy_timeout_ms));
        let counted = pages.clone();
        db.wal_hook(Some(move |_: &mut Wal, pages: c_int| {
            counted.store(u64::try_from(pages).unwrap_or_default(), Relaxed);
            Ok(())
        }))?;
        Ok(Log { pages, bound: (config.wal_bytes / page).max(1), moved_at: None, busy_timeout })
    }

    /// Moves the log into the database if it is too long; the next commit then begins it again, unless somebody still
    /// reads from it. Where readers have kept it until it is twice as long, it waits for them, the longer the longer
    /// the log is: who begins to read after the move reads from the database alone.
    pub fn keep_short(&mut self, db: &Connection) -> Result<(), StoreError> {
        let pages = self.pages.load(Relaxed);
        if self.moved_at.is_some_and(|before| pages < before) {
            self.moved_at = None; // it was begun again
        }
        if pages < self.moved_at.map_or(self.bound, |before| before + self.bound.div_ceil(4)) {
            return Ok(());
        }
        self.moved_at = Some(pages);
        let bounds = u32::try_from(pages / self.bound).unwrap_or(u32::MAX);
        if bounds < 2 {
            return Log::reuse(db);
        }
        db.busy_timeout(WAIT.saturating_mul(bounds).min(self.busy_timeout))?;
        let moved = checkpoint(db, "RESTART");
        db.busy_timeout(self.busy_timeout)?;
        moved
    }

    /// Moves the log into the database as far as nobody reads from it and there is room.
    pub fn reuse(db: &Connection) -> Result<(), StoreError> {
        checkpoint(db, "PASSIVE")
    }

    /// Moves the whole log into the database. Nobody else may use it.
    pub fn empty(db: &Connection) -> Result<(), StoreError> {
        checkpoint(db, "TRUNCATE")
    }
}

fn checkpoint(db: &Connection, how: &str) -> Result<(), StoreError> {
    Ok(db.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(()))?)
}
