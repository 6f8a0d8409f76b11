//! Writing the records of blocking activations: off the answer's path, in batches, never dropped.
//!
//! The answer does not wait for the disk. The backlog is bounded: when the store falls behind, callers are slowed down.
//! Asynchronous activations do not pass here: the queue writes their records together with the end of their jobs.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;
use tracing::warn;
use wask_model::{Activation, Status};
use wask_store::Store;

/// What is recorded and how much may wait; settings below `activations.`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordConfig {
    /// Whether successful blocking activations are recorded: `always`, or `on-demand` of `X-OW-EXTRA-LOGGING: on`.
    pub store_blocking_success: StorePolicy,
    /// Records that may wait for the disk before callers have to wait too.
    pub backlog: usize,
    /// Records written in one transaction.
    pub batch: usize,
    /// Whose input is kept, so that they can be run again: `never`, `asynchronous`, `always`.
    pub keep_input: KeepInput,
    /// Bytes of the newest lines of a log that can be followed while it is being written.
    pub live_log_bytes: usize,
    /// How long records are kept.
    pub retention_days: u32,
    /// Bytes of records that a namespace keeps; its oldest go first.
    pub retention_bytes: u64,
}

impl Default for RecordConfig {
    fn default() -> Self {
        RecordConfig {
            store_blocking_success: StorePolicy::Always,
            backlog: 4096,
            batch: 512,
            keep_input: KeepInput::Asynchronous,
            live_log_bytes: 1 << 20,
            retention_days: 7,
            retention_bytes: 4 << 30,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StorePolicy {
    Always,
    OnDemand,
}

/// Of which activations it is kept what they were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeepInput {
    Never,
    /// Of those that nobody waited for.
    Asynchronous,
    Always,
}

/// How long a record waits for others to be written with.
const LINGER: Duration = Duration::from_millis(2);

enum RecorderCommand {
    Record(Arc<Activation>),
    /// Answered when everything sent before is on disk.
    Flush(oneshot::Sender<()>),
}

/// Takes records of ended activations.
pub struct Recorder {
    policy: StorePolicy,
    keep_input: KeepInput,
    live_log_bytes: usize,
    queue: mpsc::Sender<RecorderCommand>,
    /// Shows every activation that ends on this node to those who listen.
    ended: broadcast::Sender<Arc<Activation>>,
}

impl Recorder {
    /// The handle ends when the recorder is dropped and everything is written.
    pub fn start(store: Arc<dyn Store>, config: &RecordConfig) -> (Recorder, JoinHandle<()>) {
        let (queue, waiting) = mpsc::channel(config.backlog);
        let (ended, _) = broadcast::channel(1024);
        let writer = tokio::spawn(write(store, waiting, config.batch));
        let &RecordConfig { store_blocking_success: policy, keep_input, live_log_bytes, .. } = config;
        (Recorder { policy, keep_input, live_log_bytes, queue, ended }, writer)
    }

    pub fn keeps_input_of_jobs(&self) -> bool {
        self.keep_input != KeepInput::Never
    }

    pub fn keeps_every_input(&self) -> bool {
        self.keep_input == KeepInput::Always
    }

    pub fn live_log_bytes(&self) -> usize {
        self.live_log_bytes
    }

    /// Hands over the record of a blocking activation to be written; waits only while the backlog is full.
    pub async fn record(&self, record: Arc<Activation>, extra_logging: bool) {
        let wanted = match self.policy {
            StorePolicy::Always => true,
            StorePolicy::OnDemand => extra_logging || record.response.status != Status::Success,
        };
        if wanted && self.queue.send(RecorderCommand::Record(record)).await.is_err() {
            warn!("a record came after the recorder had stopped");
        }
    }

    /// Shows the record of an ended activation to listeners, whether or not it is stored.
    pub fn publish(&self, record: &Activation) {
        if 0 < self.ended.receiver_count() {
            let _ = self.ended.send(Arc::new(record.clone())); // an error means that the listeners have just gone
        }
    }

    /// Returns when every record handed over before is on disk, so that a reader finds what it was told of.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.queue.send(RecorderCommand::Flush(done)).await.is_ok() {
            let _ = written.await; // an error means that the writer has ended, having written everything
        }
    }

    /// Every activation that ends on this node from now on. A slow listener misses some.
    pub fn listen(&self) -> broadcast::Receiver<Arc<Activation>> {
        self.ended.subscribe()
    }
}

async fn write(store: Arc<dyn Store>, mut waiting: mpsc::Receiver<RecorderCommand>, batch: usize) {
    let mut messages = Vec::with_capacity(batch);
    while 0 < waiting.recv_many(&mut messages, batch).await {
        if messages.iter().all(|message| matches!(message, RecorderCommand::Record(_))) {
            gather(&mut waiting, &mut messages, batch).await;
        }
        let mut records = Vec::with_capacity(messages.len());
        let mut flushed = Vec::new();
        for message in messages.drain(..) {
            match message {
                RecorderCommand::Record(record) => records.push(record),
                RecorderCommand::Flush(done) => flushed.push(done),
            }
        }
        write_batch(&*store, &records).await;
        for done in flushed {
            let _ = done.send(()); // whoever asked may have gone
        }
    }
}

/// Lets more records come before the disk is troubled: one commit for many, and nobody who hands a record over meanwhile
/// has to wake this task.
async fn gather(waiting: &mut mpsc::Receiver<RecorderCommand>, messages: &mut Vec<RecorderCommand>, batch: usize) {
    tokio::time::sleep(LINGER).await;
    while messages.len() < batch
        && let Ok(message) = waiting.try_recv()
    {
        messages.push(message);
    }
}

/// Tries until the store takes the records: nobody else has them.
async fn write_batch(store: &dyn Store, records: &[Arc<Activation>]) {
    if records.is_empty() {
        return;
    }
    while let Err(cause) = store.record(records).await {
        warn!(%cause, records = records.len(), "records could not be stored, trying again");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
