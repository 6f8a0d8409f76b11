//! Settings of the SQLite store.

use serde::{Deserialize, Serialize};
use wask_model::setting::{MILLION, OutOfRange, check_ranges};

/// Settings below `store.sqlite.`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SqliteConfig {
    /// How long, in ms, a write waits while another process holds the database. Default 5000.
    pub busy_timeout_ms: u64,
    /// How many threads read, each with its own connection. A namespace has at most as many as it leaves free. Default 4,
    /// at least 1.
    pub readers: usize,
    /// How many writes share one commit at most. Default 512, at least 1.
    pub batch: usize,
    /// How many writes may wait for the writer; further callers wait to hand theirs over. Default 4096, at least 1.
    pub write_queue: usize,
    /// How many reads of one namespace may wait for a reader; further ones are refused. Default 1024, at least 1.
    pub read_queue: usize,
    /// How long, in ms, a read for a namespace may take; then it is ended and refused. Default 2000, at least 1.
    pub query_ms: u64,
    /// Page cache of each connection, in KiB. Default 16384.
    pub cache_kib: u32,
    /// Size in bytes at which the write-ahead log is moved into the database, between two commits. Default 32 MiB. A
    /// larger log means fewer and longer pauses, and a longer start after a crash. Who reads for long may keep the log;
    /// from twice its size on, commits wait for them: 50 ms for each time that the log has it, at most
    /// `busy_timeout_ms`.
    pub wal_bytes: u64,
    /// How large, in bytes, the database may grow without its write-ahead log; 0 means no limit but the disk. Default
    /// 0. At the limit, old records can still be removed to make room; on a full disk even that waits until there is
    /// space.
    pub max_bytes: u64,
}

impl Default for SqliteConfig {
    fn default() -> Self {
        SqliteConfig {
            busy_timeout_ms: 5000,
            readers: 4,
            batch: 512,
            write_queue: 4096,
            read_queue: 1024,
            query_ms: 2000,
            cache_kib: 16_384,
            wal_bytes: 32 * 1024 * 1024,
            max_bytes: 0,
        }
    }
}

impl SqliteConfig {
    /// `Err` is the first setting outside its range. Opening a store checks too.
    pub fn check(&self) -> Result<(), OutOfRange> {
        check_ranges([
            ("busy_timeout_ms", self.busy_timeout_ms, 0..=MILLION),
            ("readers", self.readers as u64, 1..=64),
            ("batch", self.batch as u64, 1..=MILLION),
            ("write_queue", self.write_queue as u64, 1..=MILLION),
            ("read_queue", self.read_queue as u64, 1..=MILLION),
            ("query_ms", self.query_ms, 1..=MILLION),
        ])
    }
}
