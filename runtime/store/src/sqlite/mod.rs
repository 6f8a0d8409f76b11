//! The store of a single node: one SQLite file with a write-ahead log, one thread that writes and a few that read.
//!
//! Each trait is implemented in the file of its name. All writes go through `writer` and all reads through `readers`,
//! so no statement runs on the async threads.

mod config;
mod connection;
mod deadline;
mod failure;
mod log;
mod schema;

mod operation;
mod pages;
mod read_queue;
mod readers;
mod threads;
mod writer;

mod values;

mod activation_search;
mod activations;
mod alarm_rows;
mod alarms;
mod audit;
mod backlog;
mod callback_rows;
mod callback_search;
mod callbacks;
mod dead_letters;
mod emptying;
mod entities;
mod gateway;
mod idempotency;
mod identities;
mod job_rows;
mod jobs;
mod leases;
mod outside_changes;
mod records;
mod retention;
mod stored_bytes;
mod tasks;
mod ticks;

use std::path::Path;

use rusqlite::Connection;

pub use config::SqliteConfig;

use crate::{OnFault, Store, StoreError};
use connection::{Database, Keeper};
use outside_changes::LastLook;
use readers::Readers;
use writer::Writer;

/// A store in one SQLite file. Dropping it finishes the writes that wait and ends its threads.
pub struct SqliteStore {
    readers: Readers, // dropped before the writer, which then removes the write-ahead log
    writer: Writer,
    last_look: LastLook,
}

impl Store for SqliteStore {}

impl SqliteStore {
    /// Opens the database file `path`, or creates it, and brings its schema up to date. Blocks; for the start of a
    /// node.
    ///
    /// Only one process may do this at a time: see [`DataDirLock`](crate::DataDirLock).
    pub fn open(path: &Path, config: &SqliteConfig) -> Result<SqliteStore, StoreError> {
        SqliteStore::open_watched(path, config, crate::fault::none())
    }

    /// Like `open`. `on_fault` is called when a thread of the store dies or the disk fails a write.
    pub fn open_watched(path: &Path, config: &SqliteConfig, on_fault: OnFault) -> Result<SqliteStore, StoreError> {
        let database = Database::new(path, config, Keeper::Us)?;
        let mut db = database.writer()?;
        schema::migrate(&mut db)?;
        SqliteStore::start(database, db, on_fault)
    }

    /// Opens the database file `path` of a node that may be running. Neither creates it nor changes its schema. `Err`:
    /// the file does not exist, or another version of wask has made it.
    pub fn join(path: &Path, config: &SqliteConfig) -> Result<SqliteStore, StoreError> {
        let database = Database::new(path, config, Keeper::Another)?;
        let db = database.writer()?;
        schema::check_schema(&db)?;
        SqliteStore::start(database, db, crate::fault::none())
    }

    fn start(database: Database, db: Connection, on_fault: OnFault) -> Result<SqliteStore, StoreError> {
        let readers = Readers::start(&database, &on_fault)?;
        let writer = Writer::start(database, db, on_fault)?;
        Ok(SqliteStore { readers, writer, last_look: LastLook::never() })
    }

    /// How many transactions have been committed since the store was opened.
    pub fn commits(&self) -> u64 {
        self.writer.commits()
    }

    /// What SQLite finds wrong with the file; empty if it is sound. Reads the whole file.
    pub async fn integrity_check(&self) -> Result<Vec<String>, StoreError> {
        let findings = self.readers.read(|db| {
            let mut statement = db.prepare("PRAGMA integrity_check")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<Vec<String>, _>>()?)
        });
        Ok(findings.await?.into_iter().filter(|finding| finding != "ok").collect())
    }

    /// Finishes the reads and writes that wait, moves the log into the database and ends the threads. Later calls are
    /// [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
