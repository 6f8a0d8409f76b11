//! The threads that read. Each has its own connection, and takes the next read from one queue.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;
use wask_model::NamespaceName;

use super::connection::Database;
use super::deadline::{Deadline, millis};
use super::failure::{closed, too_many_reads};
use super::read_queue::{Read, ReadQueue, Reader};
use super::threads::OwnThread;
use crate::failpoint::{Stage, reach};
use crate::{OnFault, StoreError};

/// The share of the node's own reads, which end when they are done.
const NODE: &str = "";
/// The share of those who log in. No namespace has this name.
const STRANGERS: &str = "/";

pub(super) struct Readers {
    queue: Arc<ReadQueue>,
    threads: Vec<OwnThread>,
    /// How long a read for a namespace may take.
    limit: Duration,
}

impl Readers {
    pub fn start(database: &Database, on_fault: &OnFault) -> Result<Readers, StoreError> {
        let config = &database.config;
        let queue = Arc::new(ReadQueue::new(config.readers, config.read_queue));
        let mut readers = Readers { queue, threads: Vec::new(), limit: Duration::from_millis(config.query_ms) };
        for _ in 0..config.readers {
            let mut db = database.reader()?;
            let (deadline, queue) = (Deadline::watch(&mut db)?, readers.queue.clone());
            let serve = move || serve(&db, &deadline, &queue);
            readers.threads.push(OwnThread::start("store-reader", on_fault, serve)?);
        }
        Ok(readers)
    }

    /// Runs a read of the node itself on one of the threads. If the caller drops the future before `read` has begun, it
    /// does not run.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.enqueue(NODE, None, read).await
    }

    /// Like [`Readers::read`], for a namespace: it has a share of the threads, and a time limit.
    pub async fn read_for<T: Send + 'static>(
        &self,
        namespace: &NamespaceName,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.enqueue(namespace.as_str(), Some(self.limit), read).await
    }

    /// Like [`Readers::read`], for callers that are not known yet.
    pub async fn read_for_strangers<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.enqueue(STRANGERS, Some(self.limit), read).await
    }

    async fn enqueue<T: Send + 'static>(
        &self,
        share: &str,
        limit: Option<Duration>,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let run = move |db: &Connection| {
            if !reply.is_closed() {
                let _ = reply.send(read(db)); // an error means that the caller has gone
            }
        };
        self.queue.push(share, Read { limit, run: Box::new(run) }).map_err(too_many_reads)?;
        let read = answer.await.map_err(|_| closed())?;
        read.map_err(|error| match (error, limit) {
            (StoreError::TooSlow { .. }, Some(limit)) => StoreError::TooSlow { limit_ms: millis(limit) },
            (error, _) => error,
        })
    }

    /// Serves the reads that wait, and ends the threads.
    pub async fn close(&self) {
        self.queue.close();
        for thread in &self.threads {
            thread.ended().await;
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue.close(); // otherwise joining the threads would wait for ever
    }
}

fn serve(db: &Connection, deadline: &Deadline, queue: &ReadQueue) {
    let mut reader = Reader::default();
    while let Some(Read { limit, run }) = queue.next(&mut reader) {
        reach(Stage::StoreReads);
        deadline.set(limit);
        run(db);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{SqliteConfig, SqliteStore, values};

    const ENDLESS: &str = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";

    #[tokio::test]
    async fn a_slow_query_is_ended_and_leaves_a_thread_to_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let config = SqliteConfig { query_ms: 1000, readers: 2, ..SqliteConfig::default() };
        let store = SqliteStore::open(&dir.path().join("wask.sqlite"), &config).unwrap();
        let (slow, quick) = ("slow".parse().unwrap(), "quick".parse().unwrap());
        let endless = || store.readers.read_for(&slow, |db| Ok(db.query_row(ENDLESS, [], values::count)?));
        let served = std::cell::Cell::new(0);

        let slow_ones = async {
            let (first, second) = tokio::join!(async { (endless().await, served.get()) }, endless());
            assert_eq!(first.1, 20, "none of the others waited for a slow one");
            [first.0, second]
        };
        let others = async {
            for _ in 0..20 {
                let seven = |db: &Connection| Ok(db.query_row("SELECT 7", [], values::count)?);
                assert_eq!(store.readers.read_for(&quick, seven).await.unwrap(), 7);
                served.set(served.get() + 1);
            }
        };
        let (ended, ()) = tokio::join!(slow_ones, others);

        for ended in ended {
            assert!(matches!(ended, Err(StoreError::TooSlow { limit_ms: 1000 })), "{ended:?}");
        }
        assert_eq!(store.readers.read(|db| Ok(db.query_row("SELECT 7", [], values::count)?)).await.unwrap(), 7);
    }
}
