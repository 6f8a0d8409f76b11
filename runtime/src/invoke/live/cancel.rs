//! Ends an activation before its time. Its record says so, and the cancellation survives a failure of the node.
//!
//! ```text
//! queued, retrying ──▶ the job goes and its record is written, one transaction ──▶ ended
//! runs as a job    ──▶ noted in the store ──▶ its guest is stopped ──▶ ended
//! runs, waited for ──▶ its guest is stopped ──▶ ended
//! ```

use std::sync::Arc;
use std::time::Duration;

use wask_model::annotations::keys;
use wask_model::{Activation, ActivationId, Failure, NamespaceName, SharedIdentity, messages};
use wask_store::{CancelOutcome, JobState, KnownJob, Lane, Lease};

use crate::invoke::Invoker;
use crate::invoke::composition::{Composition, JobHold, is_composed};
use crate::invoke::queued::QueuedInvocation;
use crate::invoke::record::{Record, mark_cancelled};
use crate::invoke::runner::outcome::refusal;
use crate::queue::JobCancellation;

/// How many times to retry when a job changes owner while it is being cancelled.
const TRIES: usize = 8;
/// Most guests stop within a tick of the sandbox's clock; the caller waits no longer than this for one that does not.
const STOPS_WITHIN: Duration = Duration::from_secs(1);

impl Invoker {
    /// Cancels an activation of this identity · 404 unknown · 409 it has ended. Returns when it has ended, or when it is
    /// certain that it will: a guest that runs takes up to a tick.
    pub async fn cancel(self: &Arc<Self>, identity: &SharedIdentity, id: ActivationId) -> Result<(), Failure> {
        let namespace = &identity.namespace;
        for _ in 0..TRIES {
            let Some(job) = self.stores.jobs.job(namespace, id).await? else {
                return self.cancel_waited_for(namespace, id).await;
            };
            if job.lane != Lane::Invoke {
                return Err(Failure::not_found());
            }
            match job.state {
                JobState::Dead => return Err(already_ended()),
                JobState::Due | JobState::Leased => (),
            }
            match self.cancel_job(identity, id, &job).await? {
                CancelOutcome::Ended => return Ok(()),
                CancelOutcome::Asked => {
                    self.stop_running(namespace, id).await?;
                    if self.is_certain_to_end(namespace, id).await? {
                        return Ok(());
                    }
                }
                CancelOutcome::No => (), // a worker has just taken, released or ended it
            }
        }
        Err(Failure::Unavailable(messages::UNAVAILABLE.into()))
    }

    /// Cancels an activation whose job is leased. The worker may be about to run it and looks for the cancellation first.
    async fn stop_running(&self, namespace: &NamespaceName, id: ActivationId) -> Result<(), Failure> {
        self.live.cancel(namespace, id);
        if self.stores.jobs.job_state(namespace, id).await? != Some(JobState::Leased) {
            self.live.forget_cancellation(id); // the worker has looked for the last time
        }
        Ok(())
    }

    /// Waits for an activation that was stopped · 409 it had ended by itself before. `false`: it will be retried.
    async fn is_certain_to_end(&self, namespace: &NamespaceName, id: ActivationId) -> Result<bool, Failure> {
        self.wait_for_end(namespace, id, STOPS_WITHIN).await?;
        match self.stores.jobs.job_state(namespace, id).await? {
            Some(JobState::Due) => return Ok(false),
            Some(JobState::Leased) => return Ok(true),
            Some(JobState::Dead) | None => (),
        }
        self.flush_records().await;
        match self.stores.activations.activation(namespace, id).await? {
            Some(record) if record.annotations.get(keys::CANCELLED).is_none() => Err(already_ended()),
            Some(_) | None => Ok(true),
        }
    }

    async fn cancel_job(
        self: &Arc<Self>,
        identity: &SharedIdentity,
        id: ActivationId,
        job: &KnownJob,
    ) -> Result<CancelOutcome, Failure> {
        let queued = Arc::new(QueuedInvocation::read(&job.payload)?);
        let mut records = self.records_of_cancelled(identity, id, job.attempt, &queued).await?;
        records.iter_mut().for_each(mark_cancelled);
        let next = self.complete(&queued, Some(identity), &mut records).await;
        let records = self.owners.records_to_store(identity, records).await;
        let ended = records.clone();
        let (namespace, lane, at) = (identity.namespace.clone(), job.lane, self.clock.now());
        let ending = JobCancellation { namespace, lane, job: id, attempt: job.attempt, at, records, next };
        let cancelled = self.queue.cancel(ending).await?;
        if cancelled == CancelOutcome::Ended {
            ended.iter().for_each(|record| self.recorder.publish(record));
        }
        Ok(cancelled)
    }

    /// The records of an activation that no worker runs. A composition ends with all of its open scopes.
    async fn records_of_cancelled(
        self: &Arc<Self>,
        identity: &SharedIdentity,
        id: ActivationId,
        attempt: u32,
        queued: &Arc<QueuedInvocation>,
    ) -> Result<Vec<Activation>, Failure> {
        let response = refusal(messages::CANCELLED.into());
        match self.catalog.resolve(&queued.action).await {
            Ok(entry) if is_composed(&entry) => {
                let lease = Lease { job: id, owner: String::new(), attempt };
                let admitted = self.readmit((id, attempt), queued, entry, identity.clone());
                let hold = JobHold::from_job(lease, queued.clone());
                Ok(Composition::new(self, &admitted, &hold).abandon(&response))
            }
            Ok(_) | Err(Failure::NotFound(_) | Failure::Conflict(_)) => {
                let whose = (id, &identity.namespace);
                Ok(vec![Record::without_run(whose, queued, (response, attempt), self.clock.now())])
            }
            Err(failure) => Err(failure),
        }
    }

    /// Cancels an activation that is not a job: it runs here, or has ended.
    async fn cancel_waited_for(&self, namespace: &NamespaceName, id: ActivationId) -> Result<(), Failure> {
        if let Some(running) = self.running(namespace, id) {
            running.cancel();
            return self.is_certain_to_end(namespace, id).await.map(drop);
        }
        self.flush_records().await;
        match self.stores.activations.activation(namespace, id).await? {
            Some(_) => Err(already_ended()),
            None => Err(Failure::not_found()),
        }
    }
}

fn already_ended() -> Failure {
    Failure::Conflict(messages::ALREADY_ENDED.into())
}
