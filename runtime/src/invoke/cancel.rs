//! JobCancellation an activation before its time. The record says so; what was asked for is not forgotten when the node dies.
//!
//! ```text
//! queued, retrying ──▶ the job goes, its record is written, one transaction ──▶ ended
//! runs as a job    ──▶ noted in the store ──▶ its guest is stopped ──▶ ended
//! runs, waited for ──▶ its guest is stopped ──▶ ended
//! ```

use std::sync::Arc;
use std::time::Duration;

use wask_model::annotations::keys;
use wask_model::{Activation, ActivationId, Failure, NamespaceName, SharedIdentity, messages};
use wask_store::{Cancelled, JobState, KnownJob, Lane, Lease};

use super::Invoker;
use super::composition::{JobHold, is_composed};
use super::outcome::refusal;
use super::queued::QueuedInvocation;
use super::record::mark_cancelled;
use crate::queue::JobCancellation;

/// How often a job is looked at anew that changes hands while it is being ended.
const LOOKS: usize = 8;
/// Most guests stop within a tick; a caller waits no longer for one that does not.
const STOPS_WITHIN: Duration = Duration::from_secs(1);

impl Invoker {
    /// Ends an activation of this identity · 404 unknown · 409 it has ended. Returns when it has ended, or when it is certain
    /// to: what runs takes up to a tick.
    pub async fn cancel(&self, identity: &SharedIdentity, id: ActivationId) -> Result<(), Failure> {
        let namespace = &identity.namespace;
        for _ in 0..LOOKS {
            let Some(job) = self.store.job(namespace, id).await? else {
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
                Cancelled::Ended => return Ok(()),
                Cancelled::Asked => {
                    self.stop_running(namespace, id).await?;
                    if self.is_certain_to_end(namespace, id).await? {
                        return Ok(());
                    }
                }
                Cancelled::No => (), // somebody has just taken it up, put it back or ended it
            }
        }
        Err(Failure::Unavailable(messages::UNAVAILABLE.into()))
    }

    /// One that somebody holds, who may be about to run it: he looks here when he does.
    async fn stop_running(&self, namespace: &NamespaceName, id: ActivationId) -> Result<(), Failure> {
        self.to_cancel.insert(id);
        if let Some(running) = self.running(namespace, id) {
            running.cancel();
        }
        if self.store.job_state(namespace, id).await? != Some(JobState::Leased) {
            self.to_cancel.remove(&id); // whoever held it has looked for the last time
        }
        Ok(())
    }

    /// What came of stopping it · 409 it had ended by itself before. `false`: it is about to be tried again.
    async fn is_certain_to_end(&self, namespace: &NamespaceName, id: ActivationId) -> Result<bool, Failure> {
        let ending = self.wait_for_end(namespace, id, STOPS_WITHIN);
        tokio::time::timeout(STOPS_WITHIN, ending).await.unwrap_or(Ok(()))?;
        match self.store.job_state(namespace, id).await? {
            Some(JobState::Due) => return Ok(false),
            Some(JobState::Leased) => return Ok(true),
            Some(JobState::Dead) | None => (),
        }
        self.flush_records().await;
        match self.store.activation(namespace, id).await? {
            Some(record) if record.annotations.get(keys::CANCELLED).is_none() => Err(already_ended()),
            Some(_) | None => Ok(true),
        }
    }

    async fn cancel_job(
        &self,
        identity: &SharedIdentity,
        id: ActivationId,
        job: &KnownJob,
    ) -> Result<Cancelled, Failure> {
        let queued = Arc::new(QueuedInvocation::read(&job.payload)?);
        let mut records = self.records_of_cancelled(identity, id, job.attempt, &queued).await?;
        records.iter_mut().for_each(mark_cancelled);
        let next = self.follow(&queued, &mut records);
        let records = self.to_store(identity, records).await;
        let ended = records.clone();
        let (namespace, lane, at) = (identity.namespace.clone(), job.lane, self.clock.now());
        let ending = JobCancellation { namespace, lane, job: id, attempt: job.attempt, at, records, next };
        let cancelled = self.queue.cancel(ending).await?;
        if cancelled == Cancelled::Ended {
            ended.iter().for_each(|record| self.recorder.ended(record));
        }
        Ok(cancelled)
    }

    /// What ends with one that nobody runs: a sequence as far as it has come.
    async fn records_of_cancelled(
        &self,
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
                Ok(self.abandon_composition(&admitted, &JobHold::of_job(lease, queued.clone()), &response))
            }
            Ok(_) | Err(Failure::NotFound(_) | Failure::Conflict(_)) => {
                Ok(vec![self.record_without_run(id, &identity.namespace, queued, response, attempt)])
            }
            Err(failure) => Err(failure),
        }
    }

    /// One that is no job runs here, or has ended.
    async fn cancel_waited_for(&self, namespace: &NamespaceName, id: ActivationId) -> Result<(), Failure> {
        if let Some(running) = self.running(namespace, id) {
            running.cancel();
            return self.is_certain_to_end(namespace, id).await.map(drop);
        }
        self.flush_records().await;
        match self.store.activation(namespace, id).await? {
            Some(_) => Err(already_ended()),
            None => Err(Failure::not_found()),
        }
    }
}

fn already_ended() -> Failure {
    Failure::Conflict(messages::ALREADY_ENDED.into())
}
