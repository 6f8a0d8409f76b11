//! Durable work: an accepted job is on disk, runs at least once, and ends with one record.
//!
//! The queue knows lanes, leases and attempts. What a job means is up to the [`Handler`] of its lane.
//!
//! ```text
//! due ──claim──▶ leased ──finish──▶ (gone; its record remains)
//!  ▲               ├── failed: released, due after a delay ──▶ due
//!  └─ lease ended ─┴── attempts used up: bury ──▶ dead
//! ```
//!
//! Jobs of a lane compete in shares. The handler knows how many jobs of a share may run at a time. A free permit of the
//! lane goes to the namespace with the fewest running jobs, and among its shares to the one with the fewest
//! (`fair_share`).

mod backlog;
mod claim;
mod completions;
mod fair_share;
mod submit;
mod worker;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use wask_model::setting::{MILLION, OutOfRange, check_ranges};
use wask_model::{Activation, ActivationId, Callback, FullName, NamespaceName, Timestamp};
use wask_store::{Job, JobStore, Lane, NewJob};

use crate::clock::Clock;
use crate::gate::{Permit, Shares};
use backlog::Backlog;
use completions::Completions;
pub use submit::JobCancellation;

/// Bounds and periods of the queue; settings below `queue.`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueConfig {
    /// How long a node holds a job without renewing before another node may claim it. At least 3 × `renew_ms`.
    pub lease_ms: u64,
    /// How often a node renews its leases.
    pub renew_ms: u64,
    /// How often a node looks for due jobs without a signal.
    pub poll_ms: u64,
    /// How many jobs of activations run at a time on this node; the same number of alarm firings runs in addition.
    pub concurrent_runs: usize,
    /// How many callbacks this node delivers at a time.
    pub concurrent_callbacks: usize,
    /// How many jobs are claimed in one transaction.
    pub claim_batch: u32,
    /// How many attempts a job gets whose node died while it ran, before it becomes a dead letter.
    pub max_attempts: u32,
    /// The delay before a job that this node failed to carry out is tried again.
    pub retry_ms: u64,
    /// How long dead letters are kept.
    pub dead_letter_days: u32,
    /// How many bytes of dead letters a namespace keeps; the oldest are removed first.
    pub dead_letter_bytes: u64,
    /// How many idempotency keys a namespace may have; each is kept for 24 hours.
    pub idempotency_keys: u64,
    /// How many keys of web callers, who may be anyone, a namespace has in 24 hours.
    pub web_idempotency_keys: u64,
}

impl Default for QueueConfig {
    fn default() -> Self {
        QueueConfig {
            lease_ms: 30_000,
            renew_ms: 10_000,
            poll_ms: 1_000,
            concurrent_runs: 1_500,
            concurrent_callbacks: 64,
            claim_batch: 256,
            max_attempts: 3,
            retry_ms: 1_000,
            dead_letter_days: 30,
            dead_letter_bytes: 256 << 20,
            idempotency_keys: 100_000,
            web_idempotency_keys: 10_000,
        }
    }
}

impl QueueConfig {
    /// `Err` is the first setting outside its range.
    pub fn check(&self) -> Result<(), OutOfRange> {
        check_ranges([
            ("renew_ms", self.renew_ms, 1..=u64::MAX),
            ("poll_ms", self.poll_ms, 1..=u64::MAX),
            ("concurrent_runs", self.concurrent_runs as u64, 1..=MILLION),
            ("claim_batch", self.claim_batch.into(), 1..=MILLION),
            ("concurrent_callbacks", self.concurrent_callbacks as u64, 1..=MILLION),
            ("max_attempts", self.max_attempts.into(), 1..=u64::MAX),
            ("dead_letter_days", self.dead_letter_days.into(), 1..=u64::MAX),
            ("idempotency_keys", self.idempotency_keys, 1..=100 * MILLION),
            ("web_idempotency_keys", self.web_idempotency_keys, 1..=100 * MILLION),
        ])
    }
}

/// What a handler decided about a job.
pub enum JobOutcome {
    /// The activation has ended: write its record (the last one) with the records of its parts and the follow-up jobs,
    /// and remove the job. `stored` is called when all of it is on disk, and dropped if it never will be.
    Finished { records: Vec<Activation>, next: Vec<NewWork>, stored: Box<dyn FnOnce() + Send> },
    /// Not now: release the job, due again after this time.
    Again { after: Duration },
    /// Retry after this time with this payload, and write the records of the parts that have ended so far.
    Retry { records: Vec<Activation>, payload: String, failed_attempts: u32, after: Duration },
    /// Keep the job as a dead letter, and write the records that end its activation and the follow-up jobs.
    Dead { records: Vec<Activation>, next: Vec<NewWork>, reason: String },
    /// The handler has written the end of the job itself.
    Settled,
    /// Another node holds the job by now.
    Lost,
}

impl JobOutcome {
    /// The end of a job without follow-up jobs.
    pub fn finished(records: Vec<Activation>) -> Self {
        JobOutcome::Finished { records, next: Vec::new(), stored: Box::new(|| ()) }
    }
}

/// Carries out the jobs of one lane. `Err`: this node could not; the job is retried later.
#[async_trait]
pub trait Handler: Send + Sync {
    async fn handle(&self, job: &Job) -> anyhow::Result<JobOutcome>;

    /// Called when the job has left the queue for good.
    fn left(&self, _namespace: &NamespaceName) {}

    /// The shares of the lane: how many of each run.
    fn shares(&self) -> &Shares;

    /// How many jobs of a share may run at a time; `None`: any number.
    async fn allowed(&self, _share: &str) -> anyhow::Result<Option<u32>> {
        Ok(None)
    }
}

/// Work to be queued: due at once, on any node.
#[derive(Debug)]
pub struct NewWork {
    pub id: ActivationId,
    pub lane: Lane,
    pub namespace: NamespaceName,
    /// The share in which it competes for permits.
    pub share: String,
    /// The action or trigger that it runs or fires.
    pub name: FullName,
    /// The activation that led to it.
    pub cause: Option<ActivationId>,
    pub payload: String,
    /// `None`: it must wait for one.
    pub permit: Option<Permit>,
    /// The callback that reports the end of its activation.
    pub callback: Option<Callback>,
}

/// A job with the permits to run on this node, if they were free; see [`Queue::reserve`].
pub struct ReservedJob {
    pub job: NewJob,
    permits: Option<JobPermits>,
}

/// The permits that a job needs to run; returned when it has ended.
struct JobPermits {
    _share: Permit,
    /// `None`: it runs on a borrowed permit.
    _lane: Option<OwnedSemaphorePermit>,
}

/// The queue of one node.
#[derive(Clone)]
pub struct Queue(Arc<Inner>);

struct Inner {
    store: Arc<dyn JobStore>,
    clock: Clock,
    config: QueueConfig,
    /// The name of this node in its leases.
    owner: String,
    /// Every lease of this node lasts at least until then; milliseconds.
    leases_last_until: AtomicI64,
    lanes: Lanes,
    completions: Completions,
    running: TaskTracker,
    stopping: AtomicBool,
}

struct Lanes {
    invoke: LaneState,
    fire: LaneState,
    callback: LaneState,
}

struct LaneState {
    permits: Arc<Semaphore>,
    /// How many of the permits are left to namespaces that hold no more than they leave free.
    reserve: u64,
    wake: Notify,
    /// When the first job that this node released is due; milliseconds.
    soonest: AtomicI64,
    backlog: Backlog,
    /// How many jobs of each namespace run in shares that are not its own.
    namespaces: Shares,
    handler: OnceLock<Arc<dyn Handler>>,
}

impl Queue {
    pub fn new(store: Arc<dyn JobStore>, clock: Clock, config: QueueConfig) -> Self {
        let lanes = Lanes {
            invoke: LaneState::new(config.concurrent_runs),
            fire: LaneState::new(config.concurrent_runs),
            callback: LaneState::new(config.concurrent_callbacks),
        };
        let owner = ActivationId::new(clock.now()).to_string();
        let leases_last_until = AtomicI64::new(clock.now().after(Duration::from_millis(config.lease_ms)).millis());
        let (completions, running, stopping) = (Completions::default(), TaskTracker::new(), AtomicBool::new(false));
        Queue(Arc::new(Inner { store, clock, config, owner, leases_last_until, lanes, completions, running, stopping }))
    }

    /// Sets the handler of a lane. Call this once per lane, before [`Queue::run`].
    pub fn serve(&self, lane: Lane, handler: Arc<dyn Handler>) {
        let first = self.lane(lane).handler.set(handler).is_ok();
        debug_assert!(first, "one handler per lane");
    }

    pub fn config(&self) -> &QueueConfig {
        &self.0.config
    }

    fn lane(&self, lane: Lane) -> &LaneState {
        match lane {
            Lane::Invoke => &self.0.lanes.invoke,
            Lane::Fire => &self.0.lanes.fire,
            Lane::Callback => &self.0.lanes.callback,
        }
    }

    /// Notes when a job of this lane is due, so that the lane looks for it then and not a period later.
    pub fn due_at(&self, lane: Lane, due: Timestamp) {
        let state = self.lane(lane);
        state.soonest.fetch_min(due.millis(), Ordering::AcqRel);
        state.wake.notify_one(); // a worker that sleeps now would sleep too long
    }

    fn lease(&self) -> Duration {
        Duration::from_millis(self.0.config.lease_ms)
    }
}

/// One of so many permits of a lane is reserved for namespaces that hold few.
const RESERVED: u64 = 16;

impl LaneState {
    fn new(permits: usize) -> Self {
        LaneState {
            permits: Arc::new(Semaphore::new(permits)),
            reserve: permits as u64 / RESERVED,
            wake: Notify::new(),
            soonest: AtomicI64::new(i64::MAX),
            backlog: Backlog::unknown(),
            namespaces: Shares::default(),
            handler: OnceLock::new(),
        }
    }
}
