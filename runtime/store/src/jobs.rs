//! Durable work. The store knows lanes, leases and attempts, not what a job means.
//!
//! ```text
//! due ──claim──▶ leased ──finish──▶ (gone; its record stands)
//!  ▲               ├── advance_job ──▶ leased, further on
//!  │               ├── put_back(due) ──▶ due
//!  └─ lease ended ─┴── bury(reason) ──▶ dead
//! ```

use std::time::Duration;

use async_trait::async_trait;
use wask_model::{Activation, ActivationId, NamespaceName, Timestamp};

use crate::StoreError;

/// The queue of one kind of job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Runs of actions.
    Invoke,
    /// Fires of triggers that the clock made due.
    Fire,
}

impl Lane {
    pub const ALL: [Lane; 2] = [Lane::Invoke, Lane::Fire];

    pub fn as_str(self) -> &'static str {
        match self {
            Lane::Invoke => "invoke",
            Lane::Fire => "fire",
        }
    }

    pub fn from_name(name: &str) -> Option<Lane> {
        Lane::ALL.into_iter().find(|lane| lane.as_str() == name)
    }
}

/// Who takes a job, and until when nobody else may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub owner: String,
    pub until: Timestamp,
}

/// Work to be stored. `id` is that of the activation which the job leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    pub id: ActivationId,
    pub lane: Lane,
    pub namespace: NamespaceName,
    /// What the lane's handler reads; JSON.
    pub payload: String,
    pub due: Timestamp,
    /// `Some`: stored as leased already, attempt 1, because the node that stores it runs it at once.
    pub claimed: Option<Claim>,
}

/// The time-limited right to one attempt of one job; whoever holds an old one is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub job: ActivationId,
    pub owner: String,
    pub attempt: u32,
}

/// A leased job.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    pub lease: Lease,
    pub lane: Lane,
    pub namespace: NamespaceName,
    pub payload: String,
    pub due: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    Due,
    Leased,
    Dead,
}

/// What the store tells of a job that has not ended.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownJob {
    pub lane: Lane,
    pub state: JobState,
    /// Attempts begun so far.
    pub attempt: u32,
    pub payload: String,
    pub due: Timestamp,
}

/// A job is handed to one worker at a time, and at least once.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Stores jobs, together with `record` if there is one, or nothing. Returns only when they are on disk.
    async fn enqueue(&self, record: Option<Activation>, jobs: Vec<NewJob>) -> Result<(), StoreError>;

    /// Leases up to `limit` jobs of `lane` due at `now`, oldest first: due ones, and leased ones whose lease ended before
    /// `now`. Each claim is one more attempt.
    async fn claim_due(&self, lane: Lane, now: Timestamp, limit: u32, claim: &Claim) -> Result<Vec<Job>, StoreError>;

    /// Moves the end of every lease that `owner` holds and that has not ended at `now`; returns how many.
    async fn renew(&self, owner: &str, now: Timestamp, until: Timestamp) -> Result<u64, StoreError>;

    /// Writes the records, stores the follow-up jobs and removes the job, together or not at all.
    /// `false`: the lease had passed to somebody else, nothing was written.
    async fn finish(&self, lease: &Lease, records: Vec<Activation>, next: Vec<NewJob>) -> Result<bool, StoreError>;

    /// Writes the records of what a job of several steps has done so far, and the payload that it goes on from; it stays
    /// leased. `false` as for `finish`.
    async fn advance_job(&self, lease: &Lease, records: Vec<Activation>, payload: String) -> Result<bool, StoreError>;

    /// Gives a leased job back, due at `due`. `false` as for `finish`.
    async fn put_back(&self, lease: &Lease, due: Timestamp) -> Result<bool, StoreError>;

    /// Writes the records that end the activation and keeps the job as a dead letter. `false` as for `finish`.
    async fn bury(&self, lease: &Lease, records: Vec<Activation>, reason: &str) -> Result<bool, StoreError>;

    /// Makes every leased job due at once, whoever holds it; for a node that knows itself to be alone. Returns how many.
    async fn release_all(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Makes every job that `owner` holds due at once; for a node that stops.
    async fn release_owned(&self, owner: &str, now: Timestamp) -> Result<u64, StoreError>;

    /// The job that leads to this activation of this namespace, until the activation has ended.
    async fn job(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Option<KnownJob>, StoreError>;

    /// Jobs of a lane that are due or leased, per namespace.
    async fn count_jobs(&self, lane: Lane) -> Result<Vec<(NamespaceName, u64)>, StoreError>;

    /// When the next job of `lane` that nobody holds becomes due. `None`: there is none.
    async fn next_due(&self, lane: Lane) -> Result<Option<Timestamp>, StoreError>;
}

/// How long a claim from `now` lasts.
impl Claim {
    pub fn from_now(owner: &str, now: Timestamp, lease: Duration) -> Self {
        Claim { owner: owner.to_owned(), until: now.after(lease) }
    }
}
