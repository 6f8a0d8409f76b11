//! Getting work into the queue: durable first, then run at once where there is room.

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

impl Queue {
    /// Stores the work, with `record` if there is one, and returns when it is on disk; it runs from then on. Neither that
    /// nor `stored`, which is called once it is on disk, is undone when the caller goes away.
    pub async fn submit(
        &self,
        record: Option<Activation>,
        work: Vec<NewWork>,
        stored: impl FnOnce() + Send + 'static,
    ) -> Result<(), Failure> {
        let queue = self.clone();
        let storing = self.0.running.spawn(async move {
            let reserved: Vec<ReservedJob> = work.into_iter().map(|work| queue.reserve(work)).collect();
            let jobs = reserved.iter().map(|r| r.job.clone()).collect();
            queue.0.store.enqueue(record, jobs).await?;
            reach(Stage::Accepted);
            stored();
            queue.start(reserved);
            Ok(())
        });
        storing.await.map_err(|panic| Failure::Internal(panic.into()))?
    }

    /// The same for the first request with a key; another one's work is neither stored nor run.
    pub async fn submit_once(
        &self,
        first: FirstRequest,
        record: Option<Activation>,
        work: Vec<NewWork>,
        stored: impl FnOnce() + Send + 'static,
    ) -> Result<Verdict, Failure> {
        let queue = self.clone();
        let storing = self.0.running.spawn(async move {
            let reserved: Vec<ReservedJob> = work.into_iter().map(|work| queue.reserve(work)).collect();
            let jobs = reserved.iter().map(|r| r.job.clone()).collect();
            let decided = queue.0.store.enqueue_once(first, record, jobs).await?;
            match decided {
                Verdict::Stored => {
                    reach(Stage::Accepted);
                    stored();
                    queue.start(reserved);
                }
                Verdict::Before(_) | Verdict::Full { .. } => queue.give_up(reserved),
            }
            Ok(decided)
        });
        storing.await.map_err(|panic| Failure::Internal(panic.into()))?
    }

    /// The same for work that takes the place of a dead letter. `false`: there is none, nothing was stored.
    pub async fn redrive(
        &self,
        dead: ActivationId,
        work: NewWork,
        stored: impl FnOnce() + Send + 'static,
    ) -> Result<bool, Failure> {
        let queue = self.clone();
        let storing = self.0.running.spawn(async move {
            let reserved = queue.reserve(work);
            let job = reserved.job.clone();
            let redriven = queue.0.store.redrive(&job.namespace.clone(), dead, job).await?;
            match redriven {
                true => {
                    stored();
                    queue.start(vec![reserved]);
                }
                false => queue.give_up(vec![reserved]),
            }
            Ok(redriven)
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

    /// Ends a job that nobody holds; of one that runs, the store remembers that it is to end, here or on another node. What
    /// was begun is not undone when the caller goes away.
    pub async fn cancel(&self, ending: JobCancellation) -> Result<Cancelled, Failure> {
        let queue = self.clone();
        let ended = self.0.running.spawn(async move { queue.end_unheld(ending).await });
        ended.await.map_err(|panic| Failure::Internal(panic.into()))?
    }

    async fn end_unheld(&self, ending: JobCancellation) -> Result<Cancelled, Failure> {
        let JobCancellation { namespace, lane, job, attempt, at, records, next } = ending;
        let reserved: Vec<ReservedJob> = next.into_iter().map(|work| self.reserve(work)).collect();
        let next = reserved.iter().map(|r| r.job.clone()).collect();
        let cancel = Cancel { namespace: namespace.clone(), job, attempt, at, records, next };
        let cancelled = self.0.store.cancel_job(cancel).await?;
        match cancelled {
            Cancelled::Ended => {
                self.start(reserved);
                if let Some(handler) = self.lane(lane).handler.get() {
                    handler.left(&namespace);
                }
                self.0.completions.notify(job);
            }
            Cancelled::Asked | Cancelled::No => self.give_up(reserved),
        }
        Ok(cancelled)
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
