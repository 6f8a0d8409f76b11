//! The thread that writes. It owns the one writing connection and commits all waiting writes together.
//!
//! ```text
//! wait for one ─▶ BEGIN ─▶ run it and all that wait by now ─▶ COMMIT ─▶ answer all of them
//!                   │                    │                     │
//!                   └── error: nothing is written and all are refused; if the store is full, each is first tried alone
//! ```
//!
//! Where the write-ahead log has become long, it is moved into the database before the next transaction begins.
//!
//! A disk that fails is a fault, whether at a commit or at moving the log: after a failed sync the kernel may forget
//! what it could not write, and a second one would succeed. Nothing is written or answered from then on.
//!
//! A caller gets its answer only when the commit with its write is on disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, warn};

use super::connection::{Database, Keeper};
use super::failure::{TransactionFailure, closed};
use super::log::Log;
use super::operation::{Call, Operation, Steps, step};
use super::threads::OwnThread;
use crate::failpoint::{Stage, reach};
use crate::{OnFault, StoreError};

enum WriterCommand {
    Write(Box<dyn Operation>),
    /// Accepts no further writes; those that wait are still written.
    Close,
}

pub(super) struct Writer {
    queue: mpsc::Sender<WriterCommand>, // dropped first: that ends the thread
    thread: OwnThread,
    commits: Arc<AtomicU64>,
    opened: Arc<AtomicI64>,
}

impl Writer {
    /// `db` comes from [`Database::writer`]; if it breaks, `database` opens another.
    pub fn start(database: Database, mut db: Connection, on_fault: OnFault) -> Result<Writer, StoreError> {
        let log = Log::watch(&mut db, &database.config)?;
        let (queue, waiting) = mpsc::channel(database.config.write_queue);
        let (commits, opened) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicI64::new(1)));
        let (counted, faulty) = ((commits.clone(), opened.clone()), on_fault.clone());
        let writing = WriterThread {
            database,
            db: Some(db),
            log,
            waiting,
            commits: counted.0,
            opened: counted.1,
            on_fault: faulty,
            failed: false,
        };
        let thread = OwnThread::start("store-writer", &on_fault, move || writing.run())?;
        Ok(Writer { queue, thread, commits, opened })
    }

    /// Runs `work` in a transaction and returns when the transaction is on disk. `work` may run twice; only one run
    /// counts. Dropping the future does not undo a write that was handed over.
    pub async fn write<T: Send + 'static>(
        &self,
        steps: Steps,
        work: impl FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let call = WriterCommand::Write(Box::new(Call::new(steps, work, reply)));
        self.queue.send(call).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// How often the connection has been opened.
    pub fn opened(&self) -> i64 {
        self.opened.load(Ordering::Acquire)
    }

    /// Writes everything that waits, moves the log into the database and ends the thread.
    pub async fn close(&self) {
        let _ = self.queue.send(WriterCommand::Close).await; // an error means that it has ended already
        self.thread.ended().await;
    }
}

/// Everything that the thread owns.
struct WriterThread {
    database: Database,
    /// `None` after an error that may have damaged the connection; the next batch opens a new one.
    db: Option<Connection>,
    log: Log,
    waiting: mpsc::Receiver<WriterCommand>,
    commits: Arc<AtomicU64>,
    opened: Arc<AtomicI64>,
    on_fault: OnFault,
    /// Whether the disk has failed.
    failed: bool,
}

impl WriterThread {
    fn run(mut self) {
        while let Some(message) = self.waiting.blocking_recv() {
            // After a fault, `begin` refuses what still waits.
            match message {
                WriterCommand::Write(first) => {
                    self.commit_together(first);
                    self.move_log(Log::keep_short);
                }
                WriterCommand::Close => self.waiting.close(),
            }
        }
        self.move_log(|_, db| Log::empty(db));
    }

    /// Writes `first` and everything else that waits in one transaction.
    fn commit_together(&mut self, first: Box<dyn Operation>) {
        let mut batch = vec![first];
        match self.write(&mut batch) {
            // Only one of them may be too large, and another may even free pages.
            Err(TransactionFailure::Full) => {
                self.move_log(|_, db| Log::reuse(db)); // so that the next commit need not extend it
                batch.into_iter().for_each(|operation| self.commit_alone(operation));
            }
            ended => self.answer(batch, ended),
        }
    }

    /// Tells the callers how it ended; if the disk failed, after the fault was reported.
    fn answer(&mut self, batch: Vec<Box<dyn Operation>>, ended: Result<(), TransactionFailure>) {
        if let Err(TransactionFailure::DiskFailed(cause)) = &ended {
            self.disk_failed(cause);
        }
        for operation in batch {
            operation.answer(ended.clone());
        }
    }

    fn disk_failed(&mut self, cause: &str) {
        self.failed = true;
        self.waiting.close();
        (self.on_fault)(&format!("the disk failed: {cause}"));
    }

    /// Moves the log into the database in one of the ways of [`Log`]. What a command has written, the node moves.
    fn move_log(&mut self, how: impl FnOnce(&mut Log, &Connection) -> Result<(), StoreError>) {
        let Some(db) = self.db.as_ref().filter(|_| self.database.keeper == Keeper::Us) else { return };
        match how(&mut self.log, db) {
            Ok(()) => (),
            Err(StoreError::DiskFailed(cause)) => {
                self.db = None;
                self.disk_failed(&cause);
            }
            Err(cause) => warn!(%cause, "the write-ahead log could not be moved into the database"),
        }
    }

    fn commit_alone(&mut self, operation: Box<dyn Operation>) {
        let mut batch = vec![operation];
        let ended = self.begin().and_then(|()| self.attempt(&mut batch[0])).and_then(|()| self.commit());
        let ended = self.settle(ended);
        self.answer(batch, ended);
    }

    fn write(&mut self, batch: &mut Vec<Box<dyn Operation>>) -> Result<(), TransactionFailure> {
        let ended = match self.begin() {
            Ok(()) => self.run_waiting(batch).and_then(|()| self.commit()),
            Err(cause) => {
                // The others have waited as long as the first. They fail with it, or each would wait that long again.
                while batch.len() < self.database.config.batch
                    && let Some(operation) = self.next_waiting()
                {
                    batch.push(operation);
                }
                Err(cause)
            }
        };
        self.settle(ended)
    }

    /// Runs the first operation and those that wait, up to the limit of a batch.
    fn run_waiting(&mut self, batch: &mut Vec<Box<dyn Operation>>) -> Result<(), TransactionFailure> {
        self.attempt(&mut batch[0])?;
        while batch.len() < self.database.config.batch
            && let Some(operation) = self.next_waiting()
        {
            batch.push(operation);
            let last = batch.len() - 1;
            self.attempt(&mut batch[last])?;
        }
        Ok(())
    }

    fn next_waiting(&mut self) -> Option<Box<dyn Operation>> {
        loop {
            match self.waiting.try_recv().ok()? {
                WriterCommand::Write(operation) => return Some(operation),
                WriterCommand::Close => self.waiting.close(),
            }
        }
    }

    fn begin(&mut self) -> Result<(), TransactionFailure> {
        if self.failed {
            return Err(TransactionFailure::Unavailable("the disk has failed".into()));
        }
        if self.db.is_none() {
            let unavailable = |cause: StoreError| TransactionFailure::Unavailable(cause.to_string());
            let mut reopened = self.database.writer().map_err(unavailable)?;
            self.log = Log::watch(&mut reopened, &self.database.config).map_err(unavailable)?;
            warn!("database reopened");
            self.opened.fetch_add(1, Ordering::AcqRel);
            self.db = Some(reopened);
        }
        step(self.connection()?, "BEGIN IMMEDIATE").map_err(|cause| TransactionFailure::from(&cause))
    }

    /// Runs one operation. `Err`: the whole transaction is gone. If only the operation failed, its own result says so.
    fn attempt(&mut self, operation: &mut Box<dyn Operation>) -> Result<(), TransactionFailure> {
        reach(Stage::StoreWrites);
        let db = self.connection()?;
        match operation.run(db) {
            Err(cause @ TransactionFailure::DiskFailed(_)) => Err(cause),
            Err(cause) if db.is_autocommit() => Err(cause),
            Err(_) | Ok(()) => Ok(()),
        }
    }

    fn commit(&mut self) -> Result<(), TransactionFailure> {
        step(self.connection()?, "COMMIT").map_err(|cause| TransactionFailure::from(&cause))?;
        self.commits.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Leaves no transaction open, and drops a connection that may have failed to write to the disk.
    fn settle(&mut self, ended: Result<(), TransactionFailure>) -> Result<(), TransactionFailure> {
        let Err(cause) = ended else { return Ok(()) };
        let rolled_back = match &self.db {
            Some(db) if !db.is_autocommit() => step(db, "ROLLBACK").is_ok(),
            Some(_) | None => true,
        };
        if !rolled_back || matches!(cause, TransactionFailure::Broken(_) | TransactionFailure::DiskFailed(_)) {
            error!(?cause, "database connection closed after an error");
            self.db = None;
        }
        Err(cause)
    }

    fn connection(&self) -> Result<&Connection, TransactionFailure> {
        self.db.as_ref().ok_or_else(|| TransactionFailure::Unavailable("the database is not open".into()))
    }
}
