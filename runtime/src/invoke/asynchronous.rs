//! Activations that wait in the queue: what the job carries, and its run.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wask_model::{
    Activation, ActivationId, Annotations, Arguments, Failure, FullName, NamespaceName, Response, Timestamp, Version,
    messages,
};
use wask_store::{Job, Lane};

use super::outcome::refusal;
use super::{Admitted, Context, Invoker};
use crate::queue::{Done, Handler, NewWork};

/// What a job of the lane `invoke` carries. Arguments are merged already: they are those of the time of acceptance.
#[derive(Serialize, Deserialize)]
pub struct Queued {
    pub action: FullName,
    pub version: Version,
    pub subject: String,
    pub args: Arguments,
    pub cause: Option<ActivationId>,
    pub transaction: String,
    pub accepted: Timestamp,
}

impl Queued {
    pub fn into_work(self, id: ActivationId, namespace: NamespaceName) -> NewWork {
        let payload = serde_json::to_string(&self).expect("a queued activation always serializes");
        NewWork { id, lane: Lane::Invoke, namespace, payload }
    }
}

/// The full name of what a job leads to; every lane's payload names it.
pub fn name_of(payload: &str) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(alias = "trigger")]
        action: FullName,
    }
    let named: Named = serde_json::from_str(payload).map_err(|e| Failure::Internal(e.into()))?;
    Ok(named.action.to_string())
}

pub fn to_work(admitted: &Admitted) -> NewWork {
    let queued = Queued {
        action: admitted.entry.action.name.clone(),
        version: admitted.entry.action.version,
        subject: admitted.identity.subject.clone(),
        args: admitted.args.clone(),
        cause: admitted.context.cause,
        transaction: admitted.context.transaction.to_string(),
        accepted: admitted.context.accepted,
    };
    queued.into_work(admitted.id, admitted.identity.namespace.clone())
}

#[async_trait]
impl Handler for Invoker {
    /// Runs a queued activation: the current version of its action on the arguments of its acceptance.
    async fn handle(&self, job: &Job) -> anyhow::Result<Done> {
        let queued: Queued = serde_json::from_str(&job.payload)?;
        if self.queue.config().max_attempts < job.lease.attempt {
            let reason = messages::node_failed(job.lease.attempt - 1);
            let record = self.never_ran(job, &queued, Response::whisk_error(reason.clone()));
            return Ok(Done::Dead { records: vec![record], reason: reason.into_owned() });
        }
        let Some(identity) = self.catalog.owner(&job.namespace).await? else {
            let record = self.never_ran(job, &queued, refusal(messages::ACTION_GONE.into()));
            return Ok(finished(record));
        };
        let entry = match self.catalog.resolve(&queued.action).await {
            Ok(entry) => entry,
            Err(Failure::NotFound(_) | Failure::Conflict(_)) => {
                let record = self.never_ran(job, &queued, refusal(messages::ACTION_GONE.into()));
                return Ok(finished(record));
            }
            Err(failure) => return Err(failure.into()),
        };
        let redelivery = entry.action.annotations.get("redelivery") != Some(&Value::Bool(false));
        if 1 < job.lease.attempt && !redelivery {
            let record = self.never_ran(job, &queued, Response::whisk_error(messages::NOT_REDELIVERED));
            return Ok(finished(record));
        }
        let context = Context {
            transaction: queued.transaction.into(),
            cause: queued.cause,
            extra_logging: false,
            accepted: queued.accepted,
        };
        let (id, attempt) = (job.lease.job, job.lease.attempt);
        let admitted = Admitted { id, entry, identity, args: queued.args, context, attempt };
        let record = self.run(&admitted).await;
        self.recorder.ended(&record);
        Ok(finished(record))
    }

    fn left(&self, namespace: &NamespaceName) {
        self.gate.leave(namespace);
    }
}

impl Invoker {
    /// The record of an activation that ends without a run, or whose run nobody can tell of.
    fn never_ran(&self, job: &Job, queued: &Queued, response: Response) -> Activation {
        let now = self.clock.now();
        let mut annotations = Annotations::default()
            .with("path", queued.action.to_string())
            .with("kind", wask_model::Kind::WASM)
            .with("timeout", false)
            .with("waitTime", now.since(queued.accepted).as_millis() as u64);
        if 1 < job.lease.attempt {
            annotations.set("attempts", job.lease.attempt.min(self.queue.config().max_attempts));
        }
        let record = Activation {
            id: job.lease.job,
            namespace: job.namespace.clone(),
            name: queued.action.name.clone(),
            version: queued.version,
            subject: queued.subject.clone(),
            start: now,
            end: Some(now),
            duration_ms: Some(0),
            cause: queued.cause,
            response,
            logs: Vec::new(),
            annotations,
        };
        self.recorder.ended(&record);
        record
    }
}

fn finished(record: Activation) -> Done {
    Done::finished(vec![record])
}
