//! How a connection is set up.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use rusqlite::{Connection, OpenFlags};

use super::SqliteConfig;
use super::values::{self, sql_number};
use crate::StoreError;

/// How many statements each connection keeps prepared; more than there are.
const STATEMENTS: usize = 128;

/// A database file and how to open connections to it.
#[derive(Clone, Debug)]
pub(super) struct Database {
    pub path: PathBuf,
    pub config: SqliteConfig,
    pub keeper: Keeper,
}

/// Which process creates the file, brings its schema up to date and keeps its log short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeper {
    /// This process.
    Us,
    /// A node that may be running.
    Another,
}

impl Database {
    pub fn new(path: &Path, config: &SqliteConfig, keeper: Keeper) -> Result<Database, StoreError> {
        config
            .check()
            .map_err(|out| anyhow!("store.sqlite.{} is {} but must be {}", out.setting, out.value, out.bound()))?;
        Ok(Database { path: path.to_owned(), config: config.clone(), keeper })
    }

    /// Opens the one connection of this process that writes. The keeper creates the file if it does not exist.
    pub fn writer(&self) -> Result<Connection, StoreError> {
        let db = self.open(match self.keeper {
            Keeper::Us => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Keeper::Another => OpenFlags::SQLITE_OPEN_READ_WRITE,
        })?;
        if self.keeper == Keeper::Us {
            // Lets free pages be returned to the disk. Works only before the first page is written, so it comes first.
            db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
            db.pragma_update(None, "journal_mode", "WAL")?;
        }
        db.pragma_update(None, "synchronous", "FULL")?; // a commit is on disk when it returns
        db.pragma_update(None, "foreign_keys", true)?;
        let page = db.pragma_query_value(None, "page_size", values::count)?;
        db.pragma_update(None, "wal_autocheckpoint", 0)?; // see `Log`
        db.pragma_update(None, "journal_size_limit", sql_number(self.config.wal_bytes.saturating_mul(2)))?;
        if self.config.max_bytes > 0 {
            let pages = (self.config.max_bytes / page).max(1);
            db.pragma_update_and_check(None, "max_page_count", sql_number(pages), |_| Ok(()))?;
        }
        Ok(db)
    }

    /// Opens a connection that only reads. The file must exist.
    pub fn reader(&self) -> Result<Connection, StoreError> {
        let db = self.open(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        db.pragma_update(None, "query_only", true)?;
        Ok(db)
    }

    /// Without memory mapping, so that an unreadable sector is an error and does not kill the process.
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
