//! Durable work. The store knows lanes, leases and attempts, not what a job means.
//!
//! ```text
//! due ──claim──▶ leased ──finish──▶ (gone; its record stands)
//!  ▲ │             ├── advance_job ──▶ leased, further on
//!  │ │             ├── release_job, retry_job ──▶ due
//!  │ │             └── bury(reason) ──▶ dead ──redrive──▶ due, as another job
//!  │ └─cancel_job──▶ (gone; its record stands)
//!  └─ lease ended
//! ```
//!
//! Jobs of one lane compete in shares: whoever claims says how many of each it has room for.

use std::time::Duration;

use async_trait::async_trait;
use wask_model::{Activation, ActivationId, Callback, NamespaceName, Timestamp};

use crate::{FirstRequest, FirstRequestOutcome, StoreError};

/// The queue of one kind of job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Runs of actions.
    Invoke,
    /// Fires of triggers that the clock made due.
    Fire,
    /// Completion callbacks to be delivered.
    Callback,
}

impl Lane {
    pub const ALL: [Lane; 3] = [Lane::Invoke, Lane::Fire, Lane::Callback];

    pub fn as_str(self) -> &'static str {
        match self {
            Lane::Invoke => "invoke",
            Lane::Fire => "fire",
            Lane::Callback => "callback",
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
    /// Among whom it competes for a place: its namespace, or whom it is sent to.
    pub share: String,
    /// The full name of the action or trigger that it is about.
    pub name: String,
    /// The activation that led to this one, for lists.
    pub cause: Option<ActivationId>,
    /// What the lane's handler reads; JSON.
    pub payload: String,
    pub due: Timestamp,
    /// `Some`: stored as leased already, attempt 1, because the node that stores it runs it at once.
    pub claimed: Option<Claim>,
    /// What is to tell of the end of the job's activation; stored with it.
    pub callback: Option<Callback>,
}

/// The time-limited right to one attempt of one job; whoever holds an old one is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub job: ActivationId,
    pub owner: String,
    pub attempt: u32,
}

/// What a job is released with for its next attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextAttempt {
    /// What the attempt begins with; JSON.
    pub payload: String,
    /// Attempts that have failed so far, for lists.
    pub failed_attempts: u32,
    pub due: Timestamp,
}

/// A leased job.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    pub lease: Lease,
    pub lane: Lane,
    pub namespace: NamespaceName,
    pub share: String,
    pub payload: String,
    pub due: Timestamp,
    /// When somebody asked that it be ended, before it was claimed.
    pub cancelled: Option<Timestamp>,
}

/// Jobs of one namespace in one share that could be claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareBacklog {
    pub share: String,
    pub namespace: NamespaceName,
    /// At least 1; counted only as far as was asked.
    pub jobs: u32,
    /// When the first of them was due.
    pub since: Timestamp,
}

/// How many jobs of one namespace in one share somebody has room for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allotment {
    pub share: String,
    pub namespace: NamespaceName,
    pub jobs: u32,
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
    pub name: String,
    pub payload: String,
    pub due: Timestamp,
    /// When somebody asked that it be ended.
    pub cancelled: Option<Timestamp>,
}

/// What became of a request to end a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelOutcome {
    /// Nobody held it: it is gone, and the records that end it are written.
    Ended,
    /// Somebody holds it; the store remembers the request.
    Asked,
    /// It is not queued and does not run, or somebody has begun it since it was looked at.
    No,
}

/// A request to end a job, and what ends it if nobody holds it.
#[derive(Clone, Debug)]
pub struct CancelRequest {
    pub namespace: NamespaceName,
    pub job: ActivationId,
    /// As it was looked at.
    pub attempt: u32,
    pub at: Timestamp,
    pub records: Vec<Activation>,
    pub next: Vec<NewJob>,
}

/// A job is handed to one worker at a time, and at least once.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Stores jobs, together with `record` if there is one, or nothing. Returns only when they are on disk.
    async fn enqueue(&self, record: Option<Activation>, jobs: Vec<NewJob>) -> Result<(), StoreError>;

    /// Stores jobs and record as [`JobStore::enqueue`] does, and with them, together or not at
    /// all, that the key stands for what they lead to. Of two first requests with one key one is stored.
    async fn enqueue_keyed(
        &self,
        first: FirstRequest,
        record: Option<Activation>,
        jobs: Vec<NewJob>,
    ) -> Result<FirstRequestOutcome, StoreError>;

    /// Removes the dead letter and stores the job that does its work again, together or not at all. `false`: there is none,
    /// nothing was stored.
    async fn redrive(&self, namespace: &NamespaceName, id: ActivationId, job: NewJob) -> Result<bool, StoreError>;

    /// Who has jobs of `lane` that could be claimed at `now`, in the order of shares and, within a share, of namespaces; of
    /// each up to `most` jobs are counted.
    async fn share_backlogs(&self, lane: Lane, now: Timestamp, most: u32) -> Result<Vec<ShareBacklog>, StoreError>;

    /// Leases the jobs of `lane` that fit the portions, of each the oldest first: jobs due at `now`, and leased ones whose
    /// lease ended before `now`. Each claim is one more attempt.
    async fn claim_due(
        &self,
        lane: Lane,
        now: Timestamp,
        portions: &[Allotment],
        claim: &Claim,
    ) -> Result<Vec<Job>, StoreError>;

    /// Moves the end of every lease that `owner` holds and that has not ended at `now`; returns how many.
    async fn renew(&self, owner: &str, now: Timestamp, until: Timestamp) -> Result<u64, StoreError>;

    /// Writes the records, stores the follow-up jobs and removes the job, together or not at all.
    /// `false`: the lease had passed to somebody else, nothing was written.
    async fn finish(&self, lease: &Lease, records: Vec<Activation>, next: Vec<NewJob>) -> Result<bool, StoreError>;

    /// Writes the records of what a job of several steps has done so far, and the payload that it goes on from; it stays
    /// leased. `false` as for `finish`.
    async fn advance_job(&self, lease: &Lease, records: Vec<Activation>, payload: String) -> Result<bool, StoreError>;

    /// Gives a leased job back, due at `due`. `false` as for `finish`.
    async fn release_job(&self, lease: &Lease, due: Timestamp) -> Result<bool, StoreError>;

    /// Gives a leased job back for its next attempt, and writes the records of its parts. `false` as for `finish`.
    async fn retry_job(&self, lease: &Lease, records: Vec<Activation>, next: NextAttempt) -> Result<bool, StoreError>;

    /// Writes the records that end the activation, stores the follow-up jobs, and keeps the job as a dead letter. `false` as
    /// for `finish`.
    async fn bury(
        &self,
        lease: &Lease,
        records: Vec<Activation>,
        next: Vec<NewJob>,
        reason: &str,
    ) -> Result<bool, StoreError>;

    /// Ends a job that nobody holds, if it is at `attempt` still: it goes, the records that end it are written and the
    /// follow-up jobs stored. Of one that somebody holds, remembers that it is to end.
    async fn cancel_job(&self, cancel: CancelRequest) -> Result<CancelOutcome, StoreError>;

    /// Makes every leased job due at once, whoever holds it; for a node that knows itself to be alone. Returns how many.
    async fn release_all(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Makes every job that `owner` holds due at once; for a node that stops.
    async fn release_owned(&self, owner: &str, now: Timestamp) -> Result<u64, StoreError>;
}

/// Looks at jobs and changes nothing.
#[async_trait]
pub trait JobReader: Send + Sync {
    /// The job that leads to this activation of this namespace, until the activation has ended.
    async fn job(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Option<KnownJob>, StoreError>;

    /// How the same job stands, without what it carries, which may be large; for whoever looks again and again.
    async fn job_state(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Option<JobState>, StoreError>;

    /// Jobs of a lane that are due or leased, per namespace.
    async fn count_jobs(&self, lane: Lane) -> Result<Vec<(NamespaceName, u64)>, StoreError>;

    /// The jobs of a lane that nobody holds, earliest due first, at most `limit`, and when each is due.
    async fn due_jobs(&self, lane: Lane, limit: u32) -> Result<Vec<(ActivationId, Timestamp)>, StoreError>;
}

/// How long a claim from `now` lasts.
impl Claim {
    pub fn from_now(owner: &str, now: Timestamp, lease: Duration) -> Self {
        Claim { owner: owner.to_owned(), until: now.after(lease) }
    }
}
