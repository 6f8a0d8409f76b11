//! Writes the records of blocking activations: off the path of the answer, in batches, without losing any.
//!
//! The answer does not wait for the disk. The backlog is bounded, in records and in bytes, and divided among namespaces:
//! when the store is slower than the callers of one, they wait.
//! The records of asynchronous activations do not pass here, because the queue writes them with the ends of their jobs.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::poll;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{Notify, broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;
use tracing::warn;
use wask_model::annotations::keys;
use wask_model::setting::{MILLION, OutOfRange, check_ranges};
use wask_model::{Activation, Annotations, NamespaceName, Status, Weight as _};
use wask_store::ActivationStore;

use crate::clock::Clock;
use crate::memory::{Charge, Part};
use crate::retry;

/// What is recorded, and how large the backlog may be; settings below `activations.`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordConfig {
    /// Whether successful blocking activations are recorded: `always`, or `on-demand` by `X-OW-EXTRA-LOGGING: on`.
    pub store_blocking_success: StorePolicy,
    /// Whether a caller that waits is answered after its record is on disk; an action's annotation `durable-blocking`
    /// decides for the action.
    pub durable_blocking: bool,
    /// How many records may wait for the disk before callers have to wait too.
    pub backlog: usize,
    /// How many records are written in one transaction.
    pub batch: usize,
    /// Which activations keep their input, so that they can be rerun: `never`, `asynchronous`, `always`.
    pub keep_input: KeepInput,
    /// How many bytes of the newest log lines can be followed while an activation runs.
    pub live_log_bytes: usize,
    /// How long records are kept.
    pub retention_days: u32,
    /// How many bytes of records a namespace keeps; the oldest go first.
    pub retention_bytes: u64,
}

impl Default for RecordConfig {
    fn default() -> Self {
        RecordConfig {
            store_blocking_success: StorePolicy::Always,
            durable_blocking: false,
            backlog: 4096,
            batch: 512,
            keep_input: KeepInput::Asynchronous,
            live_log_bytes: 1 << 20,
            retention_days: 7,
            retention_bytes: 4 << 30,
        }
    }
}

impl RecordConfig {
    /// `Err` is the first setting outside its range.
    pub fn check(&self) -> Result<(), OutOfRange> {
        check_ranges([
            ("backlog", self.backlog as u64, 1..=MILLION),
            ("batch", self.batch as u64, 1..=MILLION),
            ("live_log_bytes", self.live_log_bytes as u64, 0..=1 << 30),
            ("retention_days", self.retention_days.into(), 1..=u64::MAX),
        ])
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StorePolicy {
    Always,
    OnDemand,
}

/// Which activations keep their input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeepInput {
    Never,
    /// Those that run as jobs.
    Asynchronous,
    Always,
}

/// How long the writer waits for more records before it writes. One commit serves many records, and while the writer
/// lingers, handing a record over wakes no task.
const LINGER: Duration = Duration::from_millis(2);
/// How long the writer waits before it tries a failed write again.
const RETRY: Duration = Duration::from_millis(500);
/// Ended activations that a slow listener may be behind.
const LISTENER_BACKLOG: usize = 1024;

enum RecorderCommand {
    Record(Arc<Activation>, Charge),
    /// Answered when every record before it is on disk.
    Flush(oneshot::Sender<()>),
}

/// Takes the records of ended activations.
pub struct Recorder {
    policy: StorePolicy,
    durable_blocking: bool,
    keep_input: KeepInput,
    backlog: mpsc::Sender<RecorderCommand>,
    /// What the records of the backlog are charged to, and what one weighs at least and at most.
    room: Part,
    weights: (u64, u64),
    /// Ends the writer's linger.
    hurry: Arc<Notify>,
    /// Shows every activation that ends on this node to those who listen.
    listeners: broadcast::Sender<Arc<Activation>>,
}

impl Recorder {
    /// Starts the writer. Its handle ends when the recorder is dropped and everything is written. `room`: the part of the
    /// memory budget that records are counted in while they wait.
    pub fn start(
        store: Arc<dyn ActivationStore>,
        clock: Clock,
        config: &RecordConfig,
        room: Part,
    ) -> (Recorder, JoinHandle<()>) {
        // As many records as may wait fill the part, and even the largest finds room.
        let weights = ((room.total() / config.backlog as u64).max(1), (room.total() / 4).max(1));
        let (backlog, waiting) = mpsc::channel(config.backlog);
        let (listeners, _) = broadcast::channel(LISTENER_BACKLOG);
        let hurry = Arc::new(Notify::new());
        let writer = Writer { store, clock, waiting, hurry: hurry.clone(), batch: config.batch };
        let &RecordConfig { store_blocking_success: policy, durable_blocking, keep_input, .. } = config;
        let recorder = Recorder { policy, durable_blocking, keep_input, backlog, room, weights, hurry, listeners };
        (recorder, tokio::spawn(writer.run()))
    }

    pub fn keeps_input_of_jobs(&self) -> bool {
        self.keep_input != KeepInput::Never
    }

    pub fn keeps_every_input(&self) -> bool {
        self.keep_input == KeepInput::Always
    }

    /// Whether callers of an action with these annotations are answered after the record is on disk.
    pub fn is_durable(&self, annotations: &Annotations) -> bool {
        match annotations.get(keys::DURABLE_BLOCKING) {
            Some(Value::Bool(durable)) => *durable,
            _ => self.durable_blocking,
        }
    }

    /// Hands over the record of a blocking activation to be written. Waits only while the backlog is full.
    pub async fn record(&self, record: Arc<Activation>, extra_logging: bool) {
        let wanted = match self.policy {
            StorePolicy::Always => true,
            StorePolicy::OnDemand => extra_logging || record.response.status != Status::Success,
        };
        if !wanted {
            return;
        }
        let charge = self.room_for(&record).await;
        if self.backlog.send(RecorderCommand::Record(record, charge)).await.is_err() {
            warn!("a record came after the recorder had stopped");
        }
    }

    /// Room for the records of a job until they are on disk. Waits only while its namespace has too many that wait.
    pub async fn room_for_job(&self, records: &[Activation]) -> Option<Charge> {
        let namespace = &records.first()?.namespace;
        Some(self.room(namespace, records.iter().map(|record| record.weight()).sum()).await)
    }

    async fn room_for(&self, record: &Activation) -> Charge {
        self.room(&record.namespace, record.weight()).await
    }

    async fn room(&self, namespace: &NamespaceName, weight: u64) -> Charge {
        let (least, most) = self.weights;
        let weight = weight.clamp(least.min(most), most);
        loop {
            let mut room = pin!(self.room.charge_when_free(namespace.as_str(), weight, pending()));
            let charged = match poll!(room.as_mut()) {
                Poll::Ready(charged) => charged,
                Poll::Pending => {
                    self.hurry.notify_one();
                    room.await
                }
            };
            if let Ok(charge) = charged {
                return charge; // less than half of the part always finds room in the end
            }
        }
    }

    /// Shows the record of an ended activation to listeners, whether or not it is stored.
    pub fn publish(&self, record: &Activation) {
        if self.listeners.receiver_count() > 0 {
            let _ = self.listeners.send(Arc::new(record.clone())); // an error: the last listener has just left
        }
    }

    /// Returns when every record that was handed over before is on disk.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.backlog.send(RecorderCommand::Flush(done)).await.is_ok() {
            self.hurry.notify_one();
            let _ = written.await; // an error: the writer has ended, after writing everything
        }
    }

    /// Every activation that ends on this node from now on. A slow listener misses some.
    pub fn listen(&self) -> broadcast::Receiver<Arc<Activation>> {
        self.listeners.subscribe()
    }
}

/// Writes the backlog, batch by batch.
struct Writer {
    store: Arc<dyn ActivationStore>,
    clock: Clock,
    waiting: mpsc::Receiver<RecorderCommand>,
    hurry: Arc<Notify>,
    batch: usize,
}

impl Writer {
    async fn run(mut self) {
        let mut commands = Vec::with_capacity(self.batch);
        while self.waiting.recv_many(&mut commands, self.batch).await > 0 {
            if commands.iter().all(|command| matches!(command, RecorderCommand::Record(..))) {
                self.linger(&mut commands).await;
            }
            let mut records = Vec::with_capacity(commands.len());
            let (mut charges, mut flushed) = (Vec::with_capacity(commands.len()), Vec::new());
            for command in commands.drain(..) {
                match command {
                    RecorderCommand::Record(record, charge) => {
                        records.push(record);
                        charges.push(charge);
                    }
                    RecorderCommand::Flush(done) => flushed.push(done),
                }
            }
            self.write(&records).await;
            drop((records, charges));
            for done in flushed {
                let _ = done.send(()); // the reader may have left
            }
        }
    }

    /// Gives more records the time to come, unless a reader waits for those that are here.
    async fn linger(&mut self, commands: &mut Vec<RecorderCommand>) {
        tokio::select! {
            () = self.clock.sleep(LINGER) => (),
            () = self.hurry.notified() => (),
        }
        while commands.len() < self.batch
            && let Ok(command) = self.waiting.try_recv()
        {
            commands.push(command);
        }
    }

    /// Tries until the store accepts the records: they exist nowhere else.
    async fn write(&self, records: &[Arc<Activation>]) {
        if records.is_empty() {
            return;
        }
        let write = || self.store.record(records);
        retry::until_stored(&self.clock, RETRY, write, |cause| {
            warn!(%cause, records = records.len(), "records could not be stored, will retry");
        })
        .await;
    }
}
