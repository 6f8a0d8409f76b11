//! Activations that wait in the queue: what the job carries, and its run.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wask_model::{
    Activation, ActivationId, Annotations, Failure, FullName, Message, NamespaceName, Response, Timestamp, Version,
    messages,
};
use wask_store::{Job, Lane};

use super::composition::{Hold, Progress, is_composed};
use super::outcome::refusal;
use super::{Admitted, Cause, Context, Invoker};
use crate::catalog::ActionEntry;
use crate::queue::{Done, Handler, NewWork};

/// What a job of the lane `invoke` carries. Arguments are merged already: they are those of the time of acceptance.
#[derive(Serialize, Deserialize)]
pub struct Queued {
    pub action: FullName,
    pub version: Version,
    pub subject: String,
    pub args: Value,
    /// The event that a rule answered with this activation.
    pub cause: Option<ActivationId>,
    pub transaction: String,
    pub accepted: Timestamp,
    /// How far a sequence or composition has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
}

impl Queued {
    pub fn into_work(self, id: ActivationId, namespace: NamespaceName) -> NewWork {
        NewWork { id, lane: Lane::Invoke, namespace, payload: self.to_payload() }
    }

    fn to_payload(&self) -> String {
        serde_json::to_string(self).expect("a queued activation always serializes")
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

/// What makes a job of an activation that has come as far as `progress`.
pub fn to_work(admitted: &Admitted, progress: Option<Progress>) -> NewWork {
    let payload = payload_of(admitted, progress);
    NewWork { id: admitted.id, lane: Lane::Invoke, namespace: admitted.identity.namespace.clone(), payload }
}

pub fn payload_of(admitted: &Admitted, progress: Option<Progress>) -> String {
    let queued = Queued {
        action: admitted.entry.asked(),
        version: admitted.entry.action.version,
        subject: admitted.identity.subject.clone(),
        args: admitted.args.clone(),
        cause: admitted.context.cause.map(Cause::id),
        transaction: admitted.context.transaction.to_string(),
        accepted: admitted.context.accepted,
        progress,
    };
    queued.to_payload()
}

#[async_trait]
impl Handler for Invoker {
    /// Runs a queued activation: the current version of its action on the arguments of its acceptance.
    async fn handle(&self, job: &Job) -> anyhow::Result<Done> {
        let mut queued: Queued = serde_json::from_str(&job.payload)?;
        let gone = || refusal(messages::ACTION_GONE.into());
        let Some(identity) = self.catalog.owner(&job.namespace).await? else {
            return Ok(Done::finished(vec![self.never_ran(job, &queued, gone())]));
        };
        let entry = match self.catalog.resolve(&queued.action).await {
            Ok(entry) => entry,
            Err(Failure::NotFound(_) | Failure::Conflict(_)) => {
                return Ok(Done::finished(vec![self.never_ran(job, &queued, gone())]));
            }
            Err(failure) => return Err(failure.into()),
        };
        let progress = queued.progress.take();
        let begun = progress.as_ref().map_or(job.lease.attempt, |p| p.attempt_within(job.lease.attempt));
        let verdict = self.verdict(&entry, begun);
        let hold = Hold::of_job(job.lease.clone(), progress);
        let context = Context {
            transaction: queued.transaction.as_str().into(),
            cause: queued.cause.map(Cause::Event),
            extra_logging: false,
            accepted: queued.accepted,
        };
        let (id, attempt, args) = (job.lease.job, job.lease.attempt, queued.args.clone());
        let admitted = Admitted { id, entry, identity, args, context, attempt };
        let unrun = |response: &Response| match is_composed(&admitted.entry) {
            true => self.abandon_composition(&admitted, &hold, response),
            false => vec![self.never_ran(job, &queued, response.clone())],
        };
        match verdict {
            Verdict::Run => {
                let Some(records) = self.run_to_end(&admitted, &hold).await else { return Ok(Done::Lost) };
                records.iter().for_each(|record| self.recorder.ended(record));
                Ok(Done::finished(self.to_store(&admitted.identity, records).await))
            }
            Verdict::NotAgain => {
                let records = unrun(&Response::whisk_error(messages::NOT_REDELIVERED));
                Ok(Done::finished(self.to_store(&admitted.identity, records).await))
            }
            Verdict::GiveUp(reason) => {
                let records = unrun(&Response::whisk_error(reason.clone()));
                let records = self.to_store(&admitted.identity, records).await;
                Ok(Done::Dead { records, reason: reason.into_owned() })
            }
        }
    }

    fn left(&self, namespace: &NamespaceName) {
        self.gate.leave(namespace);
    }
}

/// Whether a queued activation is run.
enum Verdict {
    Run,
    /// Its action must not run twice.
    NotAgain,
    GiveUp(Message),
}

impl Invoker {
    /// `begun`: how often the activation, or the component that is next in it, has been begun, counting this time.
    fn verdict(&self, entry: &ActionEntry, begun: u32) -> Verdict {
        if self.queue.config().max_attempts < begun {
            return Verdict::GiveUp(messages::node_failed(begun - 1));
        }
        let once = entry.action.annotations.get("redelivery") == Some(&Value::Bool(false));
        if once && 1 < begun { Verdict::NotAgain } else { Verdict::Run }
    }

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
