//! How a connection is set up.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use rusqlite::{Connection, OpenFlags};

use super::SqliteConfig;
use super::values::{self, sql_number};
use crate::StoreError;

/// Statements that each connection keeps prepared; more than there are.
const STATEMENTS: usize = 128;

/// One database file and how it is opened; connections are made from it.
#[derive(Clone, Debug)]
pub(super) struct Database {
    pub path: PathBuf,
    pub config: SqliteConfig,
    pub keeper: Keeper,
}

/// Who makes the file, brings its schema up to date and keeps its log short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeper {
    Us,
    /// A node that may run meanwhile.
    Another,
}

impl Database {
    pub fn new(path: &Path, config: &SqliteConfig, keeper: Keeper) -> Result<Database, StoreError> {
        config.check().map_err(|reason| anyhow!(reason))?;
        Ok(Database { path: path.to_owned(), config: config.clone(), keeper })
    }

    /// The one connection of this process that writes. The keeper makes the file if there is none.
    pub fn writer(&self) -> Result<Connection, StoreError> {
        let db = self.open(match self.keeper {
            Keeper::Us => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Keeper::Another => OpenFlags::SQLITE_OPEN_READ_WRITE,
        })?;
        if self.keeper == Keeper::Us {
            // Free pages can be given back to the disk. It counts only before the first page is written: first of all.
            db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
            db.pragma_update(None, "journal_mode", "WAL")?;
        }
        db.pragma_update(None, "synchronous", "FULL")?; // a commit is on disk when it returns
        db.pragma_update(None, "foreign_keys", true)?;
        let page = db.pragma_query_value(None, "page_size", values::count)?;
        db.pragma_update(None, "wal_autocheckpoint", sql_number((self.config.wal_bytes / page).max(1)))?;
        db.pragma_update(None, "journal_size_limit", sql_number(self.config.wal_bytes.saturating_mul(2)))?;
        if self.config.max_bytes > 0 {
            let pages = (self.config.max_bytes / page).max(1);
            db.pragma_update_and_check(None, "max_page_count", sql_number(pages), |_| Ok(()))?;
        }
        Ok(db)
    }

    /// A connection that only reads. The file exists.
    pub fn reader(&self) -> Result<Connection, StoreError> {
        let db = self.open(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        db.pragma_update(None, "query_only", true)?;
        Ok(db)
    }

    /// No memory mapping: an unreadable sector is an error then, and not the end of the process.
    fn open(&self, flags: OpenFlags) -> Result<Connection, StoreError> {
        let db = Connection::open_with_flags(&self.path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .with_context(|| format!("open {}", self.path.display()))?;
        db.busy_timeout(Duration::from_millis(self.config.busy_timeout_ms))?;
        db.pragma_update(None, "temp_store", "MEMORY")?;
        db.pragma_update(None, "cache_size", -i64::from(self.config.cache_kib))?;
        db.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(db)
    }
}
