//! Settings of the SQLite store.

use serde::{Deserialize, Serialize};

/// Every one is a setting below `store.sqlite.`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SqliteConfig {
    /// How long a write waits, in ms, while another process holds the database. Default 5000.
    pub busy_timeout_ms: u64,
    /// Threads that read, each with a connection of its own. Default 2, at least 1.
    pub readers: usize,
    /// Writes that one commit takes together at most. Default 512, at least 1.
    pub batch: usize,
    /// Writes that may wait for the writer; further callers wait for a place. Default 4096, at least 1.
    pub write_queue: usize,
    /// Reads that may wait for a reader; further callers wait for a place. Default 1024, at least 1.
    pub read_queue: usize,
    /// Page cache of each connection, in KiB. Default 16384.
    pub cache_kib: u32,
    /// Bytes of the write-ahead log after which they are moved into the database. Default 32 MiB. More means fewer,
    /// longer pauses and a longer start after a crash.
    pub wal_bytes: u64,
    /// Bytes that the database, without its write-ahead log, may grow to; 0 = as far as the disk. Default 0. At this bound
    /// records can still be forgotten to make room; on a full disk even that has to wait until somebody frees some.
    pub max_bytes: u64,
}

impl Default for SqliteConfig {
    fn default() -> Self {
        SqliteConfig {
            busy_timeout_ms: 5000,
            readers: 2,
            batch: 512,
            write_queue: 4096,
            read_queue: 1024,
            cache_kib: 16_384,
            wal_bytes: 32 * 1024 * 1024,
            max_bytes: 0,
        }
    }
}

impl SqliteConfig {
    /// The first setting that cannot work, in words. `open` asks too.
    pub fn check(&self) -> Result<(), String> {
        let at_least_one = [
            ("readers", self.readers),
            ("batch", self.batch),
            ("write_queue", self.write_queue),
            ("read_queue", self.read_queue),
        ];
        match at_least_one.into_iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(format!("store.sqlite.{name} is 0 but must be at least 1")),
            None => Ok(()),
        }
    }
}
