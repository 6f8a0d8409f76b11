//! Reads what was recorded. The newest records may still wait for the disk, so every reader waits for the recorder
//! first.

use wask_model::{Activation, ActivationId, Failure, NamespaceName, Timestamp};
use wask_store::{ActivationQuery, JobState, KnownJob, Lane, ListPage, RecordText, Summary, Task, TaskQuery};

use super::{FailedAttempt, Invoker, InvokerStores, QueuedInvocation, Recorder};

/// The records of a node.
pub struct Records<'a> {
    stores: &'a InvokerStores,
    recorder: &'a Recorder,
}

/// An activation that has not ended. `start`: when it was accepted.
pub enum Unended {
    Queued {
        name: String,
        start: Timestamp,
    },
    Running {
        name: String,
        start: Timestamp,
    },
    /// An attempt has failed, and the next one starts at `next`.
    Retrying {
        name: String,
        start: Timestamp,
        failed: Vec<FailedAttempt>,
        next: Timestamp,
    },
}

impl Records<'_> {
    /// One record. If the id is unknown, waits for the records that are about to be written.
    pub async fn get(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Option<Activation>, Failure> {
        if let Some(record) = self.stores.activations.activation(namespace, id).await? {
            return Ok(Some(record));
        }
        self.recorder.flush().await;
        Ok(self.stores.activations.activation(namespace, id).await?)
    }

    /// One record as text. If the id is unknown, waits for the records that are about to be written.
    pub async fn text(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Option<RecordText>, Failure> {
        if let Some(record) = self.stores.activations.activation_text(namespace, id).await? {
            return Ok(Some(record));
        }
        self.recorder.flush().await;
        Ok(self.stores.activations.activation_text(namespace, id).await?)
    }

    pub async fn list(&self, query: &ActivationQuery) -> Result<ListPage<RecordText>, Failure> {
        self.recorder.flush().await;
        Ok(self.stores.activations.activation_records(query).await?)
    }

    pub async fn summaries(&self, query: &ActivationQuery) -> Result<Vec<Summary>, Failure> {
        self.recorder.flush().await;
        Ok(self.stores.activations.activation_summaries(query).await?)
    }

    pub async fn count(&self, query: &ActivationQuery) -> Result<u64, Failure> {
        self.recorder.flush().await;
        Ok(self.stores.activations.count_activations(query).await?)
    }

    pub async fn tasks(&self, query: &TaskQuery) -> Result<Vec<Task>, Failure> {
        self.recorder.flush().await;
        Ok(self.stores.tasks.tasks(query).await?)
    }

    pub async fn count_tasks(&self, query: &TaskQuery) -> Result<u64, Failure> {
        self.recorder.flush().await;
        Ok(self.stores.tasks.count_tasks(query).await?)
    }
}

impl Invoker {
    pub fn records(&self) -> Records<'_> {
        Records { stores: &self.stores, recorder: &self.recorder }
    }

    /// The state of an activation's job, if it is one.
    pub async fn job_state(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Option<JobState>, Failure> {
        Ok(self.stores.jobs.job_state(namespace, id).await?)
    }

    /// An activation that is queued, runs or waits for another attempt. `None`: it has ended, or is unknown.
    pub async fn unended(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Option<Unended>, Failure> {
        match self.stores.jobs.job(namespace, id).await? {
            Some(job) => Unended::from_job(job),
            None => {
                let running = self.running(namespace, id);
                Ok(running.map(|run| Unended::Running { name: run.action.to_string(), start: run.start }))
            }
        }
    }
}

impl Unended {
    fn from_job(job: KnownJob) -> Result<Option<Self>, Failure> {
        let name = job.name;
        match (job.lane, job.state) {
            (_, JobState::Dead) | (Lane::Callback, _) => Ok(None),
            (Lane::Fire, JobState::Due) => Ok(Some(Unended::Queued { name, start: job.due })),
            (Lane::Fire, JobState::Leased) => Ok(Some(Unended::Running { name, start: job.due })),
            (Lane::Invoke, state) => {
                let QueuedInvocation { accepted: start, failed, .. } = QueuedInvocation::read(&job.payload)?;
                Ok(Some(match state {
                    JobState::Leased => Unended::Running { name, start },
                    JobState::Due | JobState::Dead if failed.is_empty() => Unended::Queued { name, start },
                    JobState::Due | JobState::Dead => Unended::Retrying { name, start, failed, next: job.due },
                }))
            }
        }
    }
}
