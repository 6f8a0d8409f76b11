//! Getting work into the queue: durable first, then run at once where there is room.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use wask_model::{Activation, ActivationId, Failure, NamespaceName, Timestamp};
use wask_store::failpoint::{Stage, reach};
use wask_store::{Cancel, Cancelled, Claim, FirstRequest, Job, Lane, Lease, NewJob, Verdict};

use super::{JobPermits, NewWork, Queue, ReservedJob};
use crate::gate::Permit;

/// A job that is to end before it has done its work, as it was looked at, and what ends it if nobody holds it.
pub struct JobCancellation {
    pub namespace: NamespaceName,
    pub lane: Lane,
    pub job: ActivationId,
    pub attempt: u32,
    pub at: Timestamp,
    pub records: Vec<Activation>,
    pub next: Vec<NewWork>,
}

/// What a store call did with the jobs that it was given.
enum Written<T> {
    /// They are on disk.
    Stored(T),
    /// Nothing of them was stored.
    Refused(T),
}

impl Queue {
    /// Stores the work, with `record` if there is one, and returns when it is on disk; it runs from then on. Neither that
    /// nor `stored`, which is called once it is on disk, is undone when the caller goes away.
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
            Ok(Written::Stored(()))
        })
        .await
    }

    /// The same for the first request with a key; another one's work is neither stored nor run.
    pub async fn submit_once(
        &self,
        first: FirstRequest,
        record: Option<Activation>,
        work: Vec<NewWork>,
        stored: impl FnOnce() + Send + 'static,
    ) -> Result<Verdict, Failure> {
        self.store_and_start(work, |queue, jobs| async move {
            match queue.0.store.enqueue_once(first, record, jobs).await? {
                Verdict::Stored => {
                    reach(Stage::Accepted);
                    stored();
                    Ok(Written::Stored(Verdict::Stored))
                }
                refused @ (Verdict::Before(_) | Verdict::Full { .. }) => Ok(Written::Refused(refused)),
            }
        })
        .await
    }

    /// The same for work that takes the place of a dead letter. `false`: there is none, nothing was stored.
    pub async fn redrive(
        &self,
        dead: ActivationId,
        work: NewWork,
        stored: impl FnOnce() + Send + 'static,
    ) -> Result<bool, Failure> {
        let namespace = work.namespace.clone();
        self.store_and_start(vec![work], move |queue, mut jobs| async move {
            let job = jobs.pop().expect("one job of one piece of work");
            if !queue.0.store.redrive(&namespace, dead, job).await? {
                return Ok(Written::Refused(false));
            }
            stored();
            Ok(Written::Stored(true))
        })
        .await
    }

    /// Ends a job that nobody holds; of one that runs, the store remembers that it is to end, here or on another node. What
    /// was begun is not undone when the caller goes away.
    pub async fn cancel(&self, cancellation: JobCancellation) -> Result<Cancelled, Failure> {
        let JobCancellation { namespace, lane, job, attempt, at, records, next } = cancellation;
        self.store_and_start(next, move |queue, next| async move {
            let cancel = Cancel { namespace: namespace.clone(), job, attempt, at, records, next };
            match queue.0.store.cancel_job(cancel).await? {
                Cancelled::Ended => {
                    queue.job_ended(lane, &namespace, job);
                    Ok(Written::Stored(Cancelled::Ended))
                }
                refused @ (Cancelled::Asked | Cancelled::No) => Ok(Written::Refused(refused)),
            }
        })
        .await
    }

    /// Makes jobs of the work, hands them to one call of the store, and starts those that have their permits. Runs to its
    /// end even if the caller goes away.
    async fn store_and_start<T, F>(
        &self,
        work: Vec<NewWork>,
        write: impl FnOnce(Queue, Vec<NewJob>) -> F + Send + 'static,
    ) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Future<Output = Result<Written<T>, Failure>> + Send + 'static,
    {
        let queue = self.clone();
        let storing = self.0.running.spawn(async move {
            let reserved: Vec<ReservedJob> = work.into_iter().map(|work| queue.reserve(work)).collect();
            let jobs = reserved.iter().map(|reserved| reserved.job.clone()).collect();
            match write(queue.clone(), jobs).await? {
                Written::Stored(outcome) => {
                    queue.start(reserved);
                    Ok(outcome)
                }
                Written::Refused(outcome) => {
                    queue.give_up(reserved);
                    Ok(outcome)
                }
            }
        });
        storing.await.map_err(|panic| Failure::Internal(panic.into()))?
    }

    /// Makes a durable job of an activation that runs already, so that a 202 may be answered. It keeps running where it is;
    /// the lease is what its end has to be reported with.
    pub async fn adopt(&self, work: NewWork) -> Result<Lease, Failure> {
        let mut job = self.new_job(work);
        job.claimed = Some(Claim::from_now(&self.0.owner, job.due, self.lease()));
        let lease = Lease { job: job.id, owner: self.0.owner.clone(), attempt: 1 };
        self.0.store.enqueue(None, vec![job]).await?;
        reach(Stage::Accepted);
        Ok(lease)
    }

    /// Turns work into a job, with a place on this node if it is its turn, one is free and nobody waits before it. The
    /// caller stores the job and then calls [`Queue::start`].
    pub fn reserve(&self, mut work: NewWork) -> ReservedJob {
        let permit = work.permit.take().filter(|_| !self.0.stopping.load(Ordering::Acquire));
        let mut reserved = ReservedJob { job: self.new_job(work), permits: None };
        reserved.permits = permit.and_then(|permit| self.job_permits(&reserved.job, permit));
        self.refresh(&mut reserved);
        reserved
    }

    fn job_permits(&self, job: &NewJob, share: Permit) -> Option<JobPermits> {
        if matches!(share, Permit::Borrowed) {
            return Some(JobPermits { _share: share, _lane: None }); // that of its caller, who waits for it in his place
        }
        let lane = self.lane(job.lane);
        if lane.backlog.holds_back(&job.share) {
            return None;
        }
        let lane = Arc::clone(&lane.permits).try_acquire_owned().ok()?;
        Some(JobPermits { _share: share, _lane: Some(lane) })
    }

    /// Makes a job as if it was reserved now: its lease begins when it is stored.
    pub(super) fn refresh(&self, reserved: &mut ReservedJob) {
        let now = self.0.clock.now();
        reserved.job.due = now;
        reserved.job.claimed = reserved.permits.is_some().then(|| Claim::from_now(&self.0.owner, now, self.lease()));
    }

    /// Runs the reserved jobs that have a place, wakes the workers for the others. They must be stored by now.
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

    /// Has the lane look for work now: some was stored past the queue.
    pub fn wake(&self, lane: Lane) {
        self.lane(lane).wake.notify_one();
    }

    /// Leaves the places of jobs that were not stored to others.
    fn give_up(&self, reserved: Vec<ReservedJob>) {
        for ReservedJob { job, permits } in reserved {
            drop(permits);
            self.lane(job.lane).wake.notify_one();
        }
    }

    fn new_job(&self, work: NewWork) -> NewJob {
        let NewWork { id, lane, namespace, share, name, payload, permit: _, callback } = work;
        let (name, due) = (name.to_string(), self.0.clock.now());
        NewJob { id, lane, namespace, share, name, payload, due, claimed: None, callback }
    }
}
