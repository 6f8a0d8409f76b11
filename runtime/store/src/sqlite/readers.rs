//! The threads that read. Each has its own connection; all of them serve one bounded queue.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::connection::Database;
use super::failure::closed;
use super::threads::OwnThread;
use crate::StoreError;

enum ReaderCommand {
    Read(Box<dyn FnOnce(&Connection) + Send>),
    /// Ends the thread that receives it.
    Stop,
}

pub(super) struct Readers {
    queue: mpsc::Sender<ReaderCommand>, // dropped first: that ends the threads
    threads: Vec<OwnThread>,
}

impl Readers {
    pub fn start(database: &Database) -> Result<Readers, StoreError> {
        let (queue, waiting) = mpsc::channel(database.config.read_queue);
        let waiting = Arc::new(Mutex::new(waiting));
        let thread = |_| {
            let (db, waiting) = (database.reader()?, waiting.clone());
            OwnThread::start("store-reader", move || serve(&db, &waiting))
        };
        let threads = (0..database.config.readers).map(thread).collect::<Result<_, _>>()?;
        Ok(Readers { queue, threads })
    }

    /// Runs `read` on one of the threads. If the caller drops the future before `read` has begun, it does not run.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let read = move |db: &Connection| {
            if !reply.is_closed() {
                let _ = reply.send(read(db)); // an error means that the caller has gone
            }
        };
        self.queue.send(ReaderCommand::Read(Box::new(read))).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// Serves the reads that wait, and ends the threads.
    pub async fn close(&self) {
        for _ in &self.threads {
            let _ = self.queue.send(ReaderCommand::Stop).await; // an error means that they have ended already
        }
        for thread in &self.threads {
            thread.ended().await;
        }
    }
}

fn serve(db: &Connection, waiting: &Mutex<mpsc::Receiver<ReaderCommand>>) {
    // One idle thread waits for the queue, the others wait for the lock.
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
    while let Some(ReaderCommand::Read(read)) = next() {
        read(db);
    }
}
