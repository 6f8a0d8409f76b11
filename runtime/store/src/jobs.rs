//! Durable work. The store knows lanes, leases and attempts, but not what a job means.
//!
//! ```text
//! due ──claim──▶ leased ──finish──▶ (gone; its record is stored)
//!  ▲ │             ├── advance_job ──▶ leased, with a new payload
//!  │ │             ├── release_job, retry_job ──▶ due
//!  │ │             └── bury(reason) ──▶ dead ──redrive──▶ due, as another job
//!  │ └─cancel_job──▶ (gone; its record is stored)
//!  └─ lease ended
//! ```
//!
//! The jobs of one lane compete in shares. A caller that claims says how many jobs of each share it has room for.

use std::time::Duration;

use async_trait::async_trait;
use wask_model::{Activation, ActivationId, Callback, NamespaceName, Timestamp};

use crate::{FirstRequest, FirstRequestOutcome, StoreError};

/// The queue of one kind of job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Activations of actions.
    Invoke,
    /// Firings of triggers whose alarm is due.
    Fire,
    /// Deliveries of completion callbacks.
    Callback,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Lane; 3] = [Lane::Invoke, Lane::Fire, Lane::Callback];

    /// The lane's name in the store and in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Lane::Invoke => "invoke",
            Lane::Fire => "fire",
            Lane::Callback => "callback",
        }
    }

    /// Reads what [`Lane::as_str`] writes. `None`: no lane has this name.
    pub fn from_name(name: &str) -> Option<Lane> {
        Lane::ALL.into_iter().find(|lane| lane.as_str() == name)
    }
}

/// Who claims a job, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Names the node.
    pub owner: String,
    /// The last millisecond of the lease.
    pub until: Timestamp,
}

impl Claim {
    /// A claim of `owner` that begins at `now` and lasts for `lease`.
    pub fn from_now(owner: &str, now: Timestamp, lease: Duration) -> Self {
        Claim { owner: owner.to_owned(), until: now.after(lease) }
    }
}

/// A job to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    /// The id of the activation, or callback, that the job leads to.
    pub id: ActivationId,
    /// The queue that it goes to.
    pub lane: Lane,
    /// The namespace that owns it.
    pub namespace: NamespaceName,
    /// What it competes in for permits: its namespace or, for a delivery, the site that it goes to.
    pub share: String,
    /// Full name of the action or trigger, without the leading slash.
    pub name: String,
    /// The activation that led to this one, for lists.
    pub cause: Option<ActivationId>,
    /// What the lane's handler reads; JSON.
    pub payload: String,
    /// When it is due.
    pub due: Timestamp,
    /// The claim of a node that runs the job as soon as it is stored: the job is stored as leased, at attempt 1.
    /// `None`: it is stored as due.
    pub claimed: Option<Claim>,
    /// The callback that reports the end of the job's activation; stored with the job.
    pub callback: Option<Callback>,
}

/// The time-limited right to one attempt of one job. The store refuses a holder whose lease has passed to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: ActivationId,
    /// The node that holds the lease.
    pub owner: String,
    /// Which attempt it is, counted from 1.
    pub attempt: u32,
}

/// A leased job.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The right to this attempt.
    pub lease: Lease,
    /// The queue that it came from.
    pub lane: Lane,
    /// The namespace that owns it.
    pub namespace: NamespaceName,
    /// The share that it was claimed from.
    pub share: String,
    /// What the lane's handler reads; JSON.
    pub payload: String,
    /// When it was due.
    pub due: Timestamp,
    /// When its cancellation was requested, before it was claimed.
    pub cancelled: Option<Timestamp>,
}

/// What a leased job is released with for its next attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextAttempt {
    /// What the attempt starts with; JSON.
    pub payload: String,
    /// How many attempts have failed so far, for lists.
    pub failed_attempts: u32,
    /// When the attempt is due.
    pub due: Timestamp,
}

/// The claimable jobs of one namespace in one share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareBacklog {
    /// The share.
    pub share: String,
    /// The namespace.
    pub namespace: NamespaceName,
    /// How many there are, at least 1; counted only up to the number that the caller named.
    pub jobs: u32,
    /// When the first of them was due.
    pub since: Timestamp,
}

/// How many jobs of one namespace in one share a caller has room for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allotment {
    /// The share.
    pub share: String,
    /// The namespace.
    pub namespace: NamespaceName,
    /// How many jobs to claim at most.
    pub jobs: u32,
}

/// Where a job is in its life; see the drawing at the top of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// It waits to be claimed, now or later.
    Due,
    /// A node holds it.
    Leased,
    /// It is a dead letter.
    Dead,
}

/// A job that has not ended, as a reader sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownJob {
    /// The queue that it is in.
    pub lane: Lane,
    /// Where it is in its life.
    pub state: JobState,
    /// How many attempts have begun.
    pub attempt: u32,
    /// Full name of the action or trigger, without the leading slash.
    pub name: String,
    /// What the lane's handler reads; JSON.
    pub payload: String,
    /// When it is due, or was due before it was claimed.
    pub due: Timestamp,
    /// When its cancellation was requested.
    pub cancelled: Option<Timestamp>,
}

/// How [`JobStore::cancel_job`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelOutcome {
    /// No node held the job: it is gone, and the records that end it are written.
    Ended,
    /// A node holds the job. The store remembers the request, and the node will find it.
    Asked,
    /// There is no such job, or an attempt of it has begun since it was read.
    No,
}

/// A request to end a job, with what ends it if no node holds it.
#[derive(Clone, Debug)]
pub struct CancelRequest {
    /// The namespace that owns the job.
    pub namespace: NamespaceName,
    /// The job.
    pub job: ActivationId,
    /// How many attempts had begun when the job was read.
    pub attempt: u32,
    /// When the request came.
    pub at: Timestamp,
    /// The records that end the job's activation.
    pub records: Vec<Activation>,
    /// The jobs that follow.
    pub next: Vec<NewJob>,
}

/// Durable work, as the queue uses it. A job is handed to one worker at a time, and at least once.
///
/// A method that takes a [`Lease`] returns `false` if the lease has passed to another holder; nothing was written then.
/// Storing a job whose id exists leaves the existing job as it is.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Stores all jobs, and `record` if there is one, or nothing.
    async fn enqueue(&self, record: Option<Activation>, jobs: Vec<NewJob>) -> Result<(), StoreError>;

    /// Like [`JobStore::enqueue`], if the request is the first with its key; the key is stored with the jobs. Of
    /// several first requests with one key, one is stored.
    async fn enqueue_keyed(
        &self,
        first: FirstRequest,
        record: Option<Activation>,
        jobs: Vec<NewJob>,
    ) -> Result<FirstRequestOutcome, StoreError>;

    /// Removes a dead letter and stores the job that does its work again, both or neither. `false`: the namespace has
    /// no such dead letter.
    async fn redrive(&self, namespace: &NamespaceName, id: ActivationId, job: NewJob) -> Result<bool, StoreError>;

    /// The backlogs of `lane`: which shares and namespaces have jobs that can be claimed at `now`, ordered by share and
    /// then by namespace. Counts up to `most` jobs of each.
    async fn share_backlogs(&self, lane: Lane, now: Timestamp, most: u32) -> Result<Vec<ShareBacklog>, StoreError>;

    /// Leases the jobs of `lane` that fit the allotments, the oldest of each first: jobs that are due at `now`, and
    /// leased jobs whose lease ended before `now`. Each claim is one more attempt.
    async fn claim_due(
        &self,
        lane: Lane,
        now: Timestamp,
        allotments: &[Allotment],
        claim: &Claim,
    ) -> Result<Vec<Job>, StoreError>;

    /// Moves the end of every lease of `owner` that has not ended at `now`; returns how many.
    async fn renew(&self, owner: &str, now: Timestamp, until: Timestamp) -> Result<u64, StoreError>;

    /// Ends a leased job: writes the records, stores the jobs that follow and removes the job, all or nothing.
    async fn finish(&self, lease: &Lease, records: Vec<Activation>, next: Vec<NewJob>) -> Result<bool, StoreError>;

    /// Keeps the progress of a job of several steps: writes the records of what has ended and the payload from which
    /// the job continues. The job stays leased.
    async fn advance_job(&self, lease: &Lease, records: Vec<Activation>, payload: String) -> Result<bool, StoreError>;

    /// Releases a leased job as it is, due at `due`.
    async fn release_job(&self, lease: &Lease, due: Timestamp) -> Result<bool, StoreError>;

    /// Releases a leased job for its next attempt, and writes the records of the parts that have ended.
    async fn retry_job(&self, lease: &Lease, records: Vec<Activation>, next: NextAttempt) -> Result<bool, StoreError>;

    /// Makes a leased job a dead letter: writes the records that end its activation and stores the jobs that follow.
    async fn bury(
        &self,
        lease: &Lease,
        records: Vec<Activation>,
        next: Vec<NewJob>,
        reason: &str,
    ) -> Result<bool, StoreError>;

    /// Ends a job that no node holds, if no attempt has begun since it was read: removes it, writes the records that
    /// end it and stores the jobs that follow. If a node holds the job, remembers the request.
    async fn cancel_job(&self, cancel: CancelRequest) -> Result<CancelOutcome, StoreError>;

    /// Makes every leased job due at once, whichever node holds it; for a node that knows that it is alone on the store.
    /// Returns how many.
    async fn release_all(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Makes every job that `owner` holds due at once; for a node that stops. Returns how many.
    async fn release_owned(&self, owner: &str, now: Timestamp) -> Result<u64, StoreError>;
}

/// Looks at jobs and changes nothing.
#[async_trait]
pub trait JobReader: Send + Sync {
    /// The job that leads to an activation, until the activation has ended. `None`: the namespace has no such job.
    async fn job(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Option<KnownJob>, StoreError>;

    /// The state of the same job. Does not read its payload, which may be large; for callers that ask repeatedly.
    async fn job_state(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Option<JobState>, StoreError>;

    /// How many jobs of a lane are due or leased, per namespace.
    async fn count_jobs(&self, lane: Lane) -> Result<Vec<(NamespaceName, u64)>, StoreError>;

    /// The jobs of a lane that no node holds, earliest due first, at most `limit`, and when each is due.
    async fn due_jobs(&self, lane: Lane, limit: u32) -> Result<Vec<(ActivationId, Timestamp)>, StoreError>;
}
