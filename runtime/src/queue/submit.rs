//! Getting work into the queue: durable first, then run at once where there is room.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use wask_model::{Activation, Failure};
use wask_store::{Claim, FirstRequest, Job, Lease, NewJob, Verdict};

use super::{NewWork, Queue, Reserved};

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
            let reserved: Vec<Reserved> = work.into_iter().map(|work| queue.reserve(work)).collect();
            let jobs = reserved.iter().map(|r| r.job.clone()).collect();
            queue.0.store.enqueue(record, jobs).await?;
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
            let reserved: Vec<Reserved> = work.into_iter().map(|work| queue.reserve(work)).collect();
            let jobs = reserved.iter().map(|r| r.job.clone()).collect();
            let decided = queue.0.store.enqueue_once(first, record, jobs).await?;
            match decided {
                Verdict::Stored => {
                    stored();
                    queue.start(reserved);
                }
                Verdict::Before(_) | Verdict::Full { .. } => queue.give_up(reserved),
            }
            Ok(decided)
        });
        storing.await.map_err(|panic| Failure::Internal(panic.into()))?
    }

    /// Makes a durable job of an activation that runs already, so that a 202 may be answered. It keeps running where it is;
    /// the lease is what its end has to be reported with.
    pub async fn adopt(&self, work: NewWork) -> Result<Lease, Failure> {
        let job = self.new_job(work, true);
        let lease = Lease { job: job.id, owner: self.0.owner.clone(), attempt: 1 };
        self.0.store.enqueue(None, vec![job]).await?;
        Ok(lease)
    }

    /// Turns work into a job, with a place on this node if one is free and nobody waits before it. The caller stores
    /// the job and then calls [`Queue::start`].
    pub fn reserve(&self, work: NewWork) -> Reserved {
        let lane = self.lane(work.lane);
        let may_overtake_nobody = !lane.backlog.load(Ordering::Acquire) && !self.0.stopping.load(Ordering::Acquire);
        let permit = if may_overtake_nobody { Arc::clone(&lane.slots).try_acquire_owned().ok() } else { None };
        Reserved { job: self.new_job(work, permit.is_some()), permit }
    }

    /// Runs the reserved jobs that have a place, wakes the workers for the others. They must be stored by now.
    pub fn start(&self, reserved: Vec<Reserved>) {
        for Reserved { job, permit } in reserved {
            let Some(permit) = permit else {
                let lane = self.lane(job.lane);
                lane.backlog.store(true, Ordering::Release);
                lane.wake.notify_one();
                continue;
            };
            let lease = Lease { job: job.id, owner: self.0.owner.clone(), attempt: 1 };
            let NewJob { lane, namespace, payload, due, .. } = job;
            self.spawn(Job { lease, lane, namespace, payload, due }, permit);
        }
    }

    /// Leaves the places of jobs that were not stored to others.
    fn give_up(&self, reserved: Vec<Reserved>) {
        for Reserved { job, permit } in reserved {
            drop(permit);
            self.lane(job.lane).wake.notify_one();
        }
    }

    fn new_job(&self, work: NewWork, claimed: bool) -> NewJob {
        let now = self.0.clock.now();
        let claimed = claimed.then(|| Claim::from_now(&self.0.owner, now, self.lease()));
        NewJob { id: work.id, lane: work.lane, namespace: work.namespace, payload: work.payload, due: now, claimed }
    }
}
