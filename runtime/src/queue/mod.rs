//! Durable work: what is accepted is on disk, is run at least once, and ends with one record.
//!
//! Knows lanes, leases and attempts; what a job means is the business of the lane's [`Handler`].
//!
//! ```text
//! due ──claim──▶ leased ──finish──▶ (gone; its record stands)
//!  ▲               ├── failed: put back after a delay ──▶ due
//!  └─ lease ended ─┴── attempts used up: bury ──▶ dead
//! ```

mod ends;
mod submit;
mod worker;

use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use wask_model::{Activation, ActivationId, NamespaceName};
use wask_store::{Job, Lane, NewJob, Store};

use crate::clock::Clock;
use ends::Ends;

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
    /// Jobs of one lane that run at a time on this node.
    pub concurrent_runs: usize,
    /// Jobs claimed in one transaction.
    pub claim_batch: u32,
    /// Attempts of a job whose node died while it ran, before it becomes a dead letter.
    pub max_attempts: u32,
    /// Wait before a job is tried again that this node failed to carry out.
    pub retry_ms: u64,
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
            claim_batch: 256,
            max_attempts: 3,
            retry_ms: 1_000,
            idempotency_keys: 100_000,
        }
    }
}

/// What a handler says of a job it has dealt with.
pub enum Done {
    /// The activation has ended: write its record, the last, with those of its parts and the follow-up jobs, and forget the
    /// job. `stored` is called once all that is on disk, and dropped where it never will be.
    Finished { records: Vec<Activation>, next: Vec<NewWork>, stored: Box<dyn FnOnce() + Send> },
    /// Not now: try again after this time.
    Again { after: Duration },
    /// Keep the job as a dead letter, with the records that end its activation.
    Dead { records: Vec<Activation>, reason: String },
    /// Somebody else has the job by now.
    Lost,
}

impl Done {
    /// The end of a job that nothing follows.
    pub fn finished(records: Vec<Activation>) -> Self {
        Done::Finished { records, next: Vec::new(), stored: Box::new(|| ()) }
    }
}

/// Carries out the jobs of one lane. `Err`: this node could not; the job is tried again later.
#[async_trait]
pub trait Handler: Send + Sync {
    async fn handle(&self, job: &Job) -> anyhow::Result<Done>;

    /// Called when the job has left the queue for good.
    fn left(&self, _namespace: &NamespaceName) {}
}

/// Work to be queued: due at once, on whatever node is free.
#[derive(Clone, Debug)]
pub struct NewWork {
    pub id: ActivationId,
    pub lane: Lane,
    pub namespace: NamespaceName,
    pub payload: String,
}

/// Work with a place to run on this node, if there was one; see [`Queue::reserve`].
pub struct Reserved {
    pub job: NewJob,
    permit: Option<OwnedSemaphorePermit>,
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
    lanes: [LaneState; Lane::ALL.len()],
    ends: Ends,
    running: TaskTracker,
    stopping: AtomicBool,
}

struct LaneState {
    slots: Arc<Semaphore>,
    wake: Notify,
    /// Jobs are waiting in the store, so newcomers queue up behind them.
    backlog: AtomicBool,
    handler: OnceLock<Arc<dyn Handler>>,
}

impl Queue {
    pub fn new(store: Arc<dyn Store>, clock: Clock, config: QueueConfig) -> Self {
        let lane = || LaneState {
            slots: Arc::new(Semaphore::new(config.concurrent_runs)),
            wake: Notify::new(),
            backlog: AtomicBool::new(true),
            handler: OnceLock::new(),
        };
        let lanes = std::array::from_fn(|_| lane());
        let owner = ActivationId::new(clock.now()).to_string();
        let leases_last_until = AtomicI64::new(clock.now().after(Duration::from_millis(config.lease_ms)).millis());
        let (ends, running, stopping) = (Ends::default(), TaskTracker::new(), AtomicBool::new(false));
        Queue(Arc::new(Inner { store, clock, config, owner, leases_last_until, lanes, ends, running, stopping }))
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
            Lane::Invoke => &self.0.lanes[0],
            Lane::Fire => &self.0.lanes[1],
        }
    }

    fn lease(&self) -> Duration {
        Duration::from_millis(self.0.config.lease_ms)
    }
}
