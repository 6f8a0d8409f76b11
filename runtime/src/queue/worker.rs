//! Claims due jobs and runs them; keeps the leases of what runs; gives back what a stopping node cannot finish.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use wask_model::{Activation, Timestamp};
use wask_store::{Claim, Job, Lane, Lease, StoreError};

use super::{Done, NewWork, Queue, Reserved};

impl Queue {
    /// For a node that knows itself to be alone on its store: what ran when the last process died is due at once.
    pub async fn take_over(&self) -> anyhow::Result<()> {
        let released = self.0.store.release_all(self.0.clock.now()).await?;
        if 0 < released {
            info!(jobs = released, "jobs of the last process are due again");
        }
        Ok(())
    }

    /// Works until `stop`: one loop per lane, and one that renews the leases.
    pub async fn run(&self, stop: CancellationToken) {
        tokio::join!(self.work(Lane::Invoke, &stop), self.work(Lane::Fire, &stop), self.keep_leases(&stop));
    }

    /// Ends what runs until `grace_over`; the rest is due again for whoever comes next.
    pub async fn drain(&self, grace_over: &CancellationToken) -> anyhow::Result<()> {
        self.0.stopping.store(true, Ordering::Release);
        self.0.running.close();
        tokio::select! {
            biased;
            () = self.0.running.wait() => (),
            () = grace_over.cancelled() => {
                warn!(jobs = self.0.running.len(), "jobs still run at the end of the grace period, they will be run again");
            }
        }
        self.0.store.release_owned(&self.0.owner, self.0.clock.now()).await?;
        Ok(())
    }

    async fn work(&self, lane: Lane, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            match self.claim(lane).await {
                Ok(true) => continue,
                Ok(false) => (),
                Err(cause) => warn!(%cause, lane = lane.as_str(), "claim pass failed, the next pass tries again"),
            }
            tokio::select! {
                () = stop.cancelled() => (),
                () = self.lane(lane).wake.notified() => (),
                () = self.0.clock.sleep(Duration::from_millis(self.0.config.poll_ms)) => (),
            }
        }
    }

    /// Claims as many due jobs as there is room for. `true`: there may be more at once.
    async fn claim(&self, lane: Lane) -> Result<bool, StoreError> {
        let state = self.lane(lane);
        let mut permits: Vec<OwnedSemaphorePermit> = Vec::new();
        while permits.len() < self.0.config.claim_batch as usize {
            match Arc::clone(&state.slots).try_acquire_owned() {
                Ok(permit) => permits.push(permit),
                Err(_) => break,
            }
        }
        let wanted = u32::try_from(permits.len()).unwrap_or(u32::MAX);
        if wanted == 0 {
            return Ok(false); // a job that ends wakes this loop
        }
        let now = self.0.clock.now();
        if self.0.leases_last_until.load(Ordering::Acquire) < now.millis() {
            self.renew(now).await?; // or it would take its own jobs for those of a dead node
        }
        // Cleared before the look: whoever comes during it sets it again.
        state.backlog.store(false, Ordering::Release);
        let claim = Claim::from_now(&self.0.owner, now, self.lease());
        let jobs = match self.0.store.claim_due(lane, now, wanted, &claim).await {
            Ok(jobs) => jobs,
            Err(error) => {
                state.backlog.store(true, Ordering::Release);
                return Err(error);
            }
        };
        let may_be_more = jobs.len() == permits.len();
        if may_be_more {
            state.backlog.store(true, Ordering::Release);
        }
        for (job, permit) in jobs.into_iter().zip(permits) {
            self.spawn(job, permit);
        }
        Ok(may_be_more)
    }

    /// Runs one leased job to its end, in the background.
    pub(super) fn spawn(&self, job: Job, permit: OwnedSemaphorePermit) {
        let queue = self.clone();
        self.0.running.spawn(async move {
            queue.run_job(&job).await;
            drop(permit);
            let lane = queue.lane(job.lane);
            if lane.backlog.load(Ordering::Acquire) {
                lane.wake.notify_one();
            }
        });
    }

    async fn run_job(&self, job: &Job) {
        let Some(handler) = self.lane(job.lane).handler.get() else {
            error!(lane = job.lane.as_str(), "no handler serves this lane");
            return;
        };
        let handled = AssertUnwindSafe(handler.handle(job)).catch_unwind().await;
        let done = handled.unwrap_or_else(|_| Err(anyhow::anyhow!("the handler panicked")));
        let ended = match done {
            Ok(Done::Finished { records, next, stored }) => self.finish(&job.lease, records, next, stored).await,
            Ok(Done::Dead { records, reason }) => self.bury(&job.lease, records, &reason).await,
            Ok(Done::Lost) => return,
            Ok(Done::Again { after }) => return self.put_back(&job.lease, after).await,
            Err(cause) => {
                warn!(%cause, job = %job.lease.job, attempt = job.lease.attempt, "job failed, it is tried again");
                return self.put_back(&job.lease, Duration::from_millis(self.0.config.retry_ms)).await;
            }
        };
        if ended {
            handler.left(&job.namespace);
            self.0.ends.tell(job.lease.job);
        }
    }

    /// Writes the end of a job, trying until the store takes it: the work is done, only the news of it is not. `false`:
    /// somebody else has the job by now.
    pub async fn finish(
        &self,
        lease: &Lease,
        records: Vec<Activation>,
        next: Vec<NewWork>,
        stored: impl FnOnce() + Send,
    ) -> bool {
        loop {
            let reserved: Vec<Reserved> = next.iter().map(|work| self.reserve(work.clone())).collect();
            let jobs = reserved.iter().map(|r| r.job.clone()).collect();
            match self.0.store.finish(lease, records.clone(), jobs).await {
                Ok(true) => {
                    stored();
                    self.start(reserved);
                    return true;
                }
                Ok(false) => return self.lost(lease),
                Err(cause) => self.wait_for_the_store(lease, &cause).await,
            }
        }
    }

    /// Writes what a job of several steps has done so far, trying like [`Queue::finish`]. `false`: somebody else has it.
    pub async fn advance(&self, lease: &Lease, records: Vec<Activation>, payload: String) -> bool {
        loop {
            match self.0.store.advance_job(lease, records.clone(), payload.clone()).await {
                Ok(true) => return true,
                Ok(false) => return self.lost(lease),
                Err(cause) => self.wait_for_the_store(lease, &cause).await,
            }
        }
    }

    async fn bury(&self, lease: &Lease, records: Vec<Activation>, reason: &str) -> bool {
        loop {
            match self.0.store.bury(lease, records.clone(), reason).await {
                Ok(true) => {
                    warn!(job = %lease.job, attempts = lease.attempt, reason, "job is a dead letter");
                    return true;
                }
                Ok(false) => return self.lost(lease),
                Err(cause) => self.wait_for_the_store(lease, &cause).await,
            }
        }
    }

    async fn put_back(&self, lease: &Lease, after: Duration) {
        let due = self.0.clock.now().after(after);
        while let Err(cause) = self.0.store.put_back(lease, due).await {
            self.wait_for_the_store(lease, &cause).await; // its lease would be renewed for ever
        }
    }

    fn lost(&self, lease: &Lease) -> bool {
        warn!(job = %lease.job, attempt = lease.attempt, "lease was lost, the result of this attempt is dropped");
        false
    }

    async fn wait_for_the_store(&self, lease: &Lease, cause: &StoreError) {
        warn!(%cause, job = %lease.job, "the end of a job could not be stored, trying again");
        tokio::time::sleep(Duration::from_millis(self.0.config.retry_ms)).await;
    }

    async fn keep_leases(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.0.clock.sleep(Duration::from_millis(self.0.config.renew_ms)) => (),
            }
            if let Err(cause) = self.renew(self.0.clock.now()).await {
                warn!(%cause, "leases could not be renewed, the next pass tries again");
            }
        }
    }

    /// Moves the end of every lease of this node, of those too that have ended while nobody else took the job: after the
    /// clock has jumped, or the machine has slept, the node still runs what it ran before.
    async fn renew(&self, now: Timestamp) -> Result<(), StoreError> {
        let (whenever_it_ended, until) = (Timestamp::from_millis(0), now.after(self.lease()));
        self.0.store.renew(&self.0.owner, whenever_it_ended, until).await?;
        self.0.leases_last_until.store(until.millis(), Ordering::Release);
        Ok(())
    }
}
