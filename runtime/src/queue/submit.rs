//! Puts work into the queue: stored first, then run at once if permits are free.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use wask_model::{Activation, ActivationId, Failure, NamespaceName, Timestamp};
use wask_store::failpoint::{Stage, reach};
use wask_store::{CancelOutcome, CancelRequest, Claim, FirstRequest, FirstRequestOutcome, Job, Lane, Lease, NewJob};

use super::fair_share::leaves_room;
use super::{JobPermits, NewWork, Queue, ReservedJob};
use crate::gate::Permit;

/// A job to be ended before its work is done, as it was last read, and what is written if no worker holds it.
pub struct JobCancellation {
    pub namespace: NamespaceName,
    pub lane: Lane,
    pub job: ActivationId,
    pub attempt: u32,
    pub at: Timestamp,
    pub records: Vec<Activation>,
    pub next: Vec<NewWork>,
}

/// Whether a store call stored the jobs that it was given.
enum WriteOutcome<T> {
    /// All of them are on disk.
    Stored(T),
    /// None of them is.
    Refused(T),
}

impl Queue {
    /// Stores the work, with `record` if there is one, and returns when it is on disk; it runs from then on. `stored`
    /// is called once it is on disk. Dropping the future undoes nothing.
    pub async fn submit(
        &self,
        record: Option<Activation>,
        work: Vec<NewWork>,
        stored: impl FnOnce() + Send + 'static,
    ) -> Result<(), Failure> {
        self.store_and_start(work, |queue, jobs| async move {
            queue.0.store.enqueue(record, jobs).await?;
            reach(Stage::Accepted);
            stored();
            Ok(WriteOutcome::Stored(()))
        })
        .await
    }

    /// Like [`Queue::submit`], if this is the first request with its key; otherwise nothing is stored or run.
    pub async fn submit_once(
        &self,
        first: FirstRequest,
        record: Option<Activation>,
        work: Vec<NewWork>,
        stored: impl FnOnce() + Send + 'static,
    ) -> Result<FirstRequestOutcome, Failure> {
        self.store_and_start(work, |queue, jobs| async move {
            match queue.0.store.enqueue_keyed(first, record, jobs).await? {
                FirstRequestOutcome::Stored => {
                    reach(Stage::Accepted);
                    stored();
                    Ok(WriteOutcome::Stored(FirstRequestOutcome::Stored))
                }
                refused @ (FirstRequestOutcome::Before(_) | FirstRequestOutcome::Full { .. }) => {
                    Ok(WriteOutcome::Refused(refused))
                }
            }
        })
        .await
    }

    /// Like [`Queue::submit`], for work that replaces a dead letter. `false`: the dead letter is gone, and nothing was
    /// stored.
    pub async fn redrive(
        &self,
        dead: ActivationId,
        work: NewWork,
        stored: impl FnOnce() + Send + 'static,
    ) -> Result<bool, Failure> {
        let namespace = work.namespace.clone();
        self.store_and_start(vec![work], move |queue, mut jobs| async move {
            let job = jobs.pop().expect("one piece of work makes one job");
            if !queue.0.store.redrive(&namespace, dead, job).await? {
                return Ok(WriteOutcome::Refused(false));
            }
            stored();
            Ok(WriteOutcome::Stored(true))
        })
        .await
    }

    /// Ends a job that no worker holds. If one does, on this node or another, the store keeps the request to cancel it.
    /// Dropping the future undoes nothing.
    pub async fn cancel(&self, cancellation: JobCancellation) -> Result<CancelOutcome, Failure> {
        let JobCancellation { namespace, lane, job, attempt, at, records, next } = cancellation;
        self.store_and_start(next, move |queue, next| async move {
            let cancel = CancelRequest { namespace: namespace.clone(), job, attempt, at, records, next };
            match queue.0.store.cancel_job(cancel).await? {
                CancelOutcome::Ended => {
                    queue.job_ended(lane, &namespace, job);
                    Ok(WriteOutcome::Stored(CancelOutcome::Ended))
                }
                refused @ (CancelOutcome::Asked | CancelOutcome::No) => Ok(WriteOutcome::Refused(refused)),
            }
        })
        .await
    }

    /// Makes jobs of the work, stores them with one call of the store, and starts those that have permits. Runs to the
    /// end even if the future is dropped.
    async fn store_and_start<T, F>(
        &self,
        work: Vec<NewWork>,
        write: impl FnOnce(Queue, Vec<NewJob>) -> F + Send + 'static,
    ) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Future<Output = Result<WriteOutcome<T>, Failure>> + Send + 'static,
    {
        let queue = self.clone();
        let storing = self.0.running.spawn(async move {
            let reserved: Vec<ReservedJob> = work.into_iter().map(|work| queue.reserve(work)).collect();
            let jobs = reserved.iter().map(|reserved| reserved.job.clone()).collect();
            match write(queue.clone(), jobs).await? {
                WriteOutcome::Stored(outcome) => {
                    queue.start(reserved);
                    Ok(outcome)
                }
                WriteOutcome::Refused(outcome) => {
                    queue.give_up(reserved);
                    Ok(outcome)
                }
            }
        });
        storing.await.map_err(|panic| Failure::Internal(panic.into()))?
    }

    /// Adopts a running activation: makes it a durable job, so that the caller can be answered 202. It runs on where it
    /// is. Its end must be written under the returned lease.
    pub async fn adopt(&self, work: NewWork) -> Result<Lease, Failure> {
        let mut job = self.new_job(work);
        job.claimed = Some(Claim::from_now(&self.0.owner, job.due, self.lease()));
        let lease = Lease { job: job.id, owner: self.0.owner.clone(), attempt: 1 };
        self.0.store.enqueue(None, vec![job]).await?;
        reach(Stage::Accepted);
        Ok(lease)
    }

    /// Turns work into a job, with the permits to run on this node if it has one of its share, the lane has a free one,
    /// and no other job waits before it. The caller stores the job and then calls [`Queue::start`].
    pub fn reserve(&self, mut work: NewWork) -> ReservedJob {
        let permit = work.permit.take().filter(|_| !self.0.stopping.load(Ordering::Acquire));
        let mut reserved = ReservedJob { job: self.new_job(work), permits: None };
        reserved.permits = permit.and_then(|permit| self.job_permits(&reserved.job, permit));
        self.refresh(&mut reserved);
        reserved
    }

    fn job_permits(&self, job: &NewJob, share: Permit) -> Option<JobPermits> {
        if matches!(share, Permit::Borrowed) {
            return Some(JobPermits { _share: share, _lane: None }); // and needs no permit of the lane
        }
        let lane = self.lane(job.lane);
        if lane.backlog.holds_back(&job.share) {
            return None;
        }
        let free = lane.permits.available_permits().saturating_sub(1) as u64;
        if !leaves_room(share.running(), free, lane.reserve) {
            return None;
        }
        let lane = Arc::clone(&lane.permits).try_acquire_owned().ok()?;
        Some(JobPermits { _share: share, _lane: Some(lane) })
    }

    /// Resets the times of a job to now, so that its lease begins when it is stored.
    pub(super) fn refresh(&self, reserved: &mut ReservedJob) {
        let now = self.0.clock.now();
        reserved.job.due = now;
        reserved.job.claimed = reserved.permits.is_some().then(|| Claim::from_now(&self.0.owner, now, self.lease()));
    }

    /// Runs the reserved jobs that have permits and wakes the workers for the others. All of them must be stored by
    /// now.
    pub fn start(&self, reserved: Vec<ReservedJob>) {
        for ReservedJob { job, permits } in reserved {
            let Some(permits) = permits else {
                let lane = self.lane(job.lane);
                lane.backlog.add(&job.share);
                if lane.permits.available_permits() == 0 {
                    lane.backlog.add_all();
                }
                lane.wake.notify_one();
                continue;
            };
            let lease = Lease { job: job.id, owner: self.0.owner.clone(), attempt: 1 };
            let NewJob { lane, namespace, share, payload, due, .. } = job;
            self.spawn(Job { lease, lane, namespace, share, payload, due, cancelled: None }, permits);
        }
    }

    /// Makes the lane look for work now, because some was stored without the queue.
    pub fn wake(&self, lane: Lane) {
        self.lane(lane).wake.notify_one();
    }

    /// Returns the permits of jobs that were not stored.
    fn give_up(&self, reserved: Vec<ReservedJob>) {
        for ReservedJob { job, permits } in reserved {
            drop(permits);
            self.lane(job.lane).wake.notify_one();
        }
    }

    fn new_job(&self, work: NewWork) -> NewJob {
        let NewWork { id, lane, namespace, share, name, cause, payload, permit: _, callback } = work;
        let (name, due) = (name.to_string(), self.0.clock.now());
        NewJob { id, lane, namespace, share, name, cause, payload, due, claimed: None, callback }
    }
}
