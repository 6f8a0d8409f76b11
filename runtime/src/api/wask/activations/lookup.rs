//! Looks an activation up: its record, or its stage while it has not ended.

use wask_model::{Activation, ActivationId, Failure, NamespaceName};
use wask_store::{JobState, Lane};

use super::stage::ActivationStage;
use crate::api::App;
use crate::invoke::QueuedInvocation;

/// Finds a record. Waits for records that are about to be written, so that a client that has an id finds its record.
pub async fn find(app: &App, namespace: &NamespaceName, id: ActivationId) -> Result<Option<Activation>, Failure> {
    if let Some(record) = app.store.activation(namespace, id).await? {
        return Ok(Some(record));
    }
    app.invoker.flush_records().await;
    app.store.activation(namespace, id).await.map_err(Failure::from)
}

/// The stage of an activation that is queued, runs or waits for another attempt; `None` if it has ended or is unknown.
pub async fn unended(
    app: &App,
    namespace: &NamespaceName,
    id: ActivationId,
) -> Result<Option<ActivationStage<'static>>, Failure> {
    let Some(job) = app.store.job(namespace, id).await? else {
        let running = app.invoker.running(namespace, id);
        return Ok(
            running.map(|running| ActivationStage::Running { name: running.action.to_string(), start: running.start })
        );
    };
    let name = job.name;
    match (job.lane, job.state) {
        (_, JobState::Dead) | (Lane::Callback, _) => Ok(None),
        (Lane::Fire, JobState::Due) => Ok(Some(ActivationStage::Queued { name, start: job.due })),
        (Lane::Fire, JobState::Leased) => Ok(Some(ActivationStage::Running { name, start: job.due })),
        (Lane::Invoke, state) => {
            let QueuedInvocation { accepted: start, failed, .. } = QueuedInvocation::read(&job.payload)?;
            Ok(Some(match state {
                JobState::Leased => ActivationStage::Running { name, start },
                JobState::Due | JobState::Dead if failed.is_empty() => ActivationStage::Queued { name, start },
                JobState::Due | JobState::Dead => ActivationStage::Retrying { name, start, failed, next: job.due },
            }))
        }
    }
}
