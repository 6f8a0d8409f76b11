//! Runs leased jobs and writes how they end; renews the leases of running jobs; releases jobs that a stopping node
//! cannot finish.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use wask_model::{Activation, ActivationId, NamespaceName, Timestamp};
use wask_store::failpoint::{Stage, reach};
use wask_store::{Job, Lane, Lease, NewJob, NextAttempt, StoreError};

use super::{JobOutcome, JobPermits, NewWork, Queue, ReservedJob};
use crate::retry;

impl Queue {
    /// Makes the jobs that the last process ran due at once. Only for a node that is alone on its store.
    pub async fn take_over(&self) -> anyhow::Result<()> {
        let released = self.0.store.release_all(self.0.clock.now()).await?;
        if released > 0 {
            info!(jobs = released, "jobs of the last process are due again");
        }
        Ok(())
    }

    /// Works until `stop`: one loop per lane, and one that renews the leases.
    pub async fn run(&self, stop: CancellationToken) {
        let lanes = Lane::ALL.map(|lane| self.work(lane, &stop));
        tokio::join!(futures_util::future::join_all(lanes), self.keep_leases(&stop));
    }

    /// Lets running jobs end until `grace_over`; the others are due again at the next start.
    pub async fn drain(&self, grace_over: &CancellationToken) -> anyhow::Result<()> {
        self.0.stopping.store(true, Ordering::Release);
        self.0.running.close();
        tokio::select! {
            biased;
            () = self.0.running.wait() => (),
            () = grace_over.cancelled() => {
                let jobs = self.0.running.len();
                warn!(jobs, "jobs still run at the end of the grace period, they will run again at the next start");
            }
        }
        self.0.store.release_owned(&self.0.owner, self.0.clock.now()).await?;
        Ok(())
    }

    /// Runs one leased job to its end, in the background.
    pub(super) fn spawn(&self, job: Job, permits: JobPermits) {
        let queue = self.clone();
        self.0.running.spawn(async move {
            queue.run_job(&job).await;
            drop(permits);
            let lane = queue.lane(job.lane);
            if lane.backlog.is_any() {
                lane.wake.notify_one();
            }
        });
    }

    async fn run_job(&self, job: &Job) {
        let Some(handler) = self.lane(job.lane).handler.get() else {
            error!(lane = job.lane.as_str(), "no handler serves this lane");
            return;
        };
        reach(Stage::Leased);
        let handled = AssertUnwindSafe(handler.handle(job)).catch_unwind().await;
        match handled.unwrap_or_else(|_| Err(anyhow::anyhow!("the handler panicked"))) {
            Ok(done) => self.settle(job.lane, &job.namespace, &job.lease, done).await,
            Err(cause) => {
                warn!(%cause, job = %job.lease.job, attempt = job.lease.attempt, "job failed, will be retried");
                self.release(job.lane, &job.lease, Duration::from_millis(self.0.config.retry_ms)).await;
            }
        }
    }

    /// Carries out what the handler decided about a job.
    pub async fn settle(&self, lane: Lane, namespace: &NamespaceName, lease: &Lease, done: JobOutcome) {
        let ended = match done {
            JobOutcome::Finished { records, next, stored } => self.finish(lease, records, next, stored).await,
            JobOutcome::Dead { records, next, reason } => self.bury(lease, records, next, &reason).await,
            JobOutcome::Settled => true,
            JobOutcome::Lost => return,
            JobOutcome::Again { after } => return self.release(lane, lease, after).await,
            JobOutcome::Retry { records, payload, failed_attempts, after } => {
                let due = self.0.clock.now().after(after);
                return self.retry((lane, lease), records, NextAttempt { payload, failed_attempts, due }).await;
            }
        };
        if ended {
            self.job_ended(lane, namespace, lease.job);
        }
    }

    /// Notifies the lane's handler and the waiters that a job has left the queue; its end is on disk.
    pub(super) fn job_ended(&self, lane: Lane, namespace: &NamespaceName, job: ActivationId) {
        if let Some(handler) = self.lane(lane).handler.get() {
            handler.left(namespace);
        }
        self.0.completions.notify(job);
    }

    /// Writes the end of a job, retrying until the store accepts it. `false`: another node holds the job by now.
    pub async fn finish(
        &self,
        lease: &Lease,
        records: Vec<Activation>,
        next: Vec<NewWork>,
        stored: impl FnOnce() + Send,
    ) -> bool {
        let mut reserved: Vec<ReservedJob> = next.into_iter().map(|work| self.reserve(work)).collect();
        reach(Stage::FinishedNotRecorded);
        let finish = || {
            let jobs = self.fresh_jobs(&mut reserved);
            self.0.store.finish(lease, records.clone(), jobs)
        };
        let finished = self.until_stored(lease, finish).await;
        if !finished {
            return self.lost(lease);
        }
        callbacks_in(&reserved).for_each(|_| reach(Stage::CallbackPending));
        stored();
        self.start(reserved);
        true
    }

    /// Writes the progress of a job of several steps, retrying until the store accepts it. `false`: another node holds
    /// it.
    pub async fn advance(&self, lease: &Lease, records: Vec<Activation>, payload: String) -> bool {
        let advance = || self.0.store.advance_job(lease, records.clone(), payload.clone());
        let advanced = self.until_stored(lease, advance).await;
        advanced || self.lost(lease)
    }

    async fn bury(&self, lease: &Lease, records: Vec<Activation>, next: Vec<NewWork>, reason: &str) -> bool {
        let mut reserved: Vec<ReservedJob> = next.into_iter().map(|work| self.reserve(work)).collect();
        let bury = || {
            let jobs = self.fresh_jobs(&mut reserved);
            self.0.store.bury(lease, records.clone(), jobs, reason)
        };
        let buried = self.until_stored(lease, bury).await;
        if !buried {
            return self.lost(lease);
        }
        warn!(job = %lease.job, attempts = lease.attempt, reason, "job is a dead letter");
        self.start(reserved);
        true
    }

    /// The reserved jobs with the present time: the store may have been unavailable for a while.
    fn fresh_jobs(&self, reserved: &mut [ReservedJob]) -> Vec<NewJob> {
        reserved.iter_mut().for_each(|reserved| self.refresh(reserved));
        reserved.iter().map(|reserved| reserved.job.clone()).collect()
    }

    async fn retry(&self, (lane, lease): (Lane, &Lease), records: Vec<Activation>, next: NextAttempt) {
        let retry = || self.0.store.retry_job(lease, records.clone(), next.clone());
        if self.until_stored(lease, retry).await {
            self.due_at(lane, next.due);
        } else {
            self.lost(lease);
        }
    }

    /// Gives a leased job back unfinished, due after `after`.
    async fn release(&self, lane: Lane, lease: &Lease, after: Duration) {
        let due = self.0.clock.now().after(after);
        // Without this write, the node would renew the lease of the job forever.
        self.until_stored(lease, || self.0.store.release_job(lease, due)).await;
        self.due_at(lane, due);
    }

    fn lost(&self, lease: &Lease) -> bool {
        warn!(job = %lease.job, attempt = lease.attempt, "lease was lost, the result of this attempt is dropped");
        false
    }

    /// Repeats a write about a job until the store accepts it: its work is done, only the record of it is missing.
    async fn until_stored<T, F>(&self, lease: &Lease, write: impl FnMut() -> F) -> T
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let failed = |cause: &StoreError| {
            warn!(%cause, job = %lease.job, "the end of a job could not be stored, will retry");
        };
        retry::until_stored(&self.0.clock, Duration::from_millis(self.0.config.retry_ms), write, failed).await
    }

    async fn keep_leases(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.0.clock.sleep(Duration::from_millis(self.0.config.renew_ms)) => (),
            }
            if let Err(cause) = self.renew(self.0.clock.now()).await {
                warn!(%cause, "leases could not be renewed, will retry in the next pass");
            }
        }
    }

    /// Extends every lease of this node, even one that has ended if no other node has claimed the job: after the clock
    /// has jumped or the machine has slept, the node still runs the jobs that it ran before.
    pub(super) async fn renew(&self, now: Timestamp) -> Result<(), StoreError> {
        let (whenever_it_ended, until) = (Timestamp::from_millis(0), now.after(self.lease()));
        self.0.store.renew(&self.0.owner, whenever_it_ended, until).await?;
        self.0.leases_last_until.store(until.millis(), Ordering::Release);
        Ok(())
    }
}

/// The callbacks among the follow-up jobs.
fn callbacks_in(next: &[ReservedJob]) -> impl Iterator<Item = &ReservedJob> {
    next.iter().filter(|reserved| reserved.job.lane == Lane::Callback)
}
