//! Durable work: what is accepted is on disk, is run at least once, and ends with one record.
//!
//! Knows lanes, leases and attempts; what a job means is the business of the lane's [`Handler`].
//!
//! ```text
//! due ──claim──▶ leased ──finish──▶ (gone; its record stands)
//!  ▲               ├── failed: put back after a delay ──▶ due
//!  └─ lease ended ─┴── attempts used up: bury ──▶ dead
//! ```
//!
//! Jobs of a lane compete in shares. A share has a bound on how many of it run, which the handler knows; the places of the
//! node go to the namespace of which the fewest run, and among its shares likewise ([`fair_share`]).

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
use wask_model::{Activation, ActivationId, Callback, FullName, NamespaceName, Timestamp};
use wask_store::{Job, Lane, NewJob, Store};

use crate::clock::Clock;
use crate::gate::{Permit, Shares};
use backlog::Backlog;
use completions::Completions;
pub use submit::JobCancellation;

/// Bounds and periods of the queue; settings below `queue.`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueConfig {
    /// How long a node keeps a job without renewing before others may take it. At least 3 × `renew_ms`.
    pub lease_ms: u64,
    /// How often a node renews its leases.
    pub renew_ms: u64,
    /// How often a node looks for due jobs without being told.
    pub poll_ms: u64,
    /// Activations that run as jobs at a time on this node; as many fires of alarms beside them.
    pub concurrent_runs: usize,
    /// Callbacks that are delivered at a time by this node.
    pub concurrent_callbacks: usize,
    /// Jobs claimed in one transaction.
    pub claim_batch: u32,
    /// Attempts of a job whose node died while it ran, before it becomes a dead letter.
    pub max_attempts: u32,
    /// Wait before a job is tried again that this node failed to carry out.
    pub retry_ms: u64,
    /// How long dead letters are kept.
    pub dead_letter_days: u32,
    /// Bytes of dead letters that a namespace keeps; its oldest go first.
    pub dead_letter_bytes: u64,
    /// Idempotency keys that a namespace may have; each is kept for 24 hours.
    pub idempotency_keys: u64,
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
        }
    }
}

/// What a handler says of a job it has dealt with.
pub enum JobOutcome {
    /// The activation has ended: write its record, the last, with those of its parts and the follow-up jobs, and forget the
    /// job. `stored` is called once all that is on disk, and dropped where it never will be.
    Finished { records: Vec<Activation>, next: Vec<NewWork>, stored: Box<dyn FnOnce() + Send> },
    /// Not now: try again after this time.
    Again { after: Duration },
    /// Try again after this time, with this payload; write the records of what has ended so far.
    Retry { records: Vec<Activation>, payload: String, after: Duration },
    /// Keep the job as a dead letter, with the records that end its activation and the follow-up jobs.
    Dead { records: Vec<Activation>, next: Vec<NewWork>, reason: String },
    /// The handler has written the end of the job itself.
    Settled,
    /// Somebody else has the job by now.
    Lost,
}

impl JobOutcome {
    /// The end of a job that nothing follows.
    pub fn finished(records: Vec<Activation>) -> Self {
        JobOutcome::Finished { records, next: Vec::new(), stored: Box::new(|| ()) }
    }
}

/// Carries out the jobs of one lane. `Err`: this node could not; the job is tried again later.
#[async_trait]
pub trait Handler: Send + Sync {
    async fn handle(&self, job: &Job) -> anyhow::Result<JobOutcome>;

    /// Called when the job has left the queue for good.
    fn left(&self, _namespace: &NamespaceName) {}

    /// What runs of each share of the lane.
    fn shares(&self) -> &Shares;

    /// How many of a share may run at a time; `None`: any number.
    async fn allowed(&self, _share: &str) -> anyhow::Result<Option<u32>> {
        Ok(None)
    }
}

/// Work to be queued: due at once, on whatever node is free.
#[derive(Debug)]
pub struct NewWork {
    pub id: ActivationId,
    pub lane: Lane,
    pub namespace: NamespaceName,
    /// Among whom it competes for a place.
    pub share: String,
    /// The action or trigger that it is about.
    pub name: FullName,
    pub payload: String,
    /// `None`: it has to wait for its turn.
    pub permit: Option<Permit>,
    /// What is to tell of the end of its activation.
    pub callback: Option<Callback>,
}

/// Work with a place to run on this node, if there was one; see [`Queue::reserve`].
pub struct ReservedJob {
    pub job: NewJob,
    permits: Option<JobPermits>,
}

/// What a job runs by; given back when it has ended.
struct JobPermits {
    _share: Permit,
    /// `None`: that of its caller, who waits for it.
    _lane: Option<OwnedSemaphorePermit>,
}

/// The queue of one node.
#[derive(Clone)]
pub struct Queue(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    clock: Clock,
    config: QueueConfig,
    /// Names this node in its leases.
    owner: String,
    /// Until when every lease of this node lasts at least; milliseconds.
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
    wake: Notify,
    /// When the first of the jobs that this node has put back is due; milliseconds.
    soonest: AtomicI64,
    backlog: Backlog,
    /// What runs of each namespace in shares that are not its own.
    namespaces: Shares,
    handler: OnceLock<Arc<dyn Handler>>,
}

impl Queue {
    pub fn new(store: Arc<dyn Store>, clock: Clock, config: QueueConfig) -> Self {
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

    /// Says who carries out the jobs of `lane`; once per lane, before [`Queue::run`].
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

    /// A job of this lane is due then: looked for on time, and not only when the next period is over.
    pub fn due_at(&self, lane: Lane, due: Timestamp) {
        let state = self.lane(lane);
        state.soonest.fetch_min(due.millis(), Ordering::AcqRel);
        state.wake.notify_one(); // whoever sleeps now sleeps too long
    }

    fn lease(&self) -> Duration {
        Duration::from_millis(self.0.config.lease_ms)
    }
}

impl LaneState {
    fn new(permits: usize) -> Self {
        LaneState {
            permits: Arc::new(Semaphore::new(permits)),
            wake: Notify::new(),
            soonest: AtomicI64::new(i64::MAX),
            backlog: Backlog::unknown(),
            namespaces: Shares::default(),
            handler: OnceLock::new(),
        }
    }
}
