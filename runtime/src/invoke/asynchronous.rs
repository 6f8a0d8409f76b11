//! Activations that wait in the queue: what the job carries, and its run.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;
use wask_model::{
    Activation, ActivationId, Annotations, Arguments, Callback, CallbackId, CallbackPayload, Failure, FullName,
    Message, NamespaceName, Response, RetryPolicy, SharedIdentity, Status, Timestamp, Version, messages,
};
use wask_store::{Job, Lane};

use super::composition::{JobHold, Progress, is_composed};
use super::conclude::chosen;
use super::outcome::refusal;
use super::{AdmittedInvocation, Cause, Context, Invoker, OnDrop};
use crate::catalog::ActionEntry;
use crate::gate::Shares;
use crate::queue::{Handler, JobOutcome, NewWork};

/// What a job of the lane `invoke` carries. Arguments are merged already: they are those of the time of acceptance.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QueuedInvocation {
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
    #[serde(flatten)]
    pub terms: Terms,
    /// How many activations led to one another, this one among them.
    #[serde(default)]
    pub depth: u32,
    /// The activation that this one does again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerun_of: Option<ActivationId>,
    /// Attempts that ended badly and were tried again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<FailedAttempt>,
    /// Attempts of the job that do not count as deaths of a node: those up to the last one that failed.
    #[serde(default)]
    pub begun: u32,
}

/// What was agreed when an activation was accepted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// Names of the arguments that are not the action's defaults; `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Vec<String>>,
    /// Names of those that the caller sent, where a trigger has parameters of its own; `None`: all that were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Vec<String>>,
    /// The policy of the rule that started it, in place of the action's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
    /// Until when its caller waits for how it ends: until then it is not tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_until: Option<Timestamp>,
    /// What is to tell of its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<PendingCallback>,
}

/// The callback of an activation that has not ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PendingCallback {
    pub id: CallbackId,
    /// Whom it goes to: callbacks to one site compete for its places.
    pub site: String,
    pub payload: CallbackPayload,
}

/// An attempt that was tried again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailedAttempt {
    pub attempt: u32,
    pub at: Timestamp,
    pub status: Status,
    pub error: String,
}

impl PendingCallback {
    pub fn of(callback: &Callback, site: String) -> Self {
        PendingCallback { id: callback.id, site, payload: callback.payload.clone() }
    }
}

impl QueuedInvocation {
    pub fn into_work(self, id: ActivationId, namespace: NamespaceName) -> NewWork {
        NewWork {
            id,
            lane: Lane::Invoke,
            share: namespace.to_string(),
            namespace,
            name: self.action.clone(),
            payload: self.to_payload(),
            permit: None,
            callback: None,
        }
    }

    /// What the caller gave, without any default of a package or an action: those may be another namespace's secrets.
    pub fn given(&self) -> Arguments {
        chosen(&self.args, self.terms.given.as_deref())
    }

    pub fn to_payload(&self) -> String {
        serde_json::to_string(self).expect("a queued activation always serializes")
    }

    pub fn read(payload: &str) -> Result<QueuedInvocation, Failure> {
        serde_json::from_str(payload).map_err(|e| Failure::Internal(e.into()))
    }
}

/// What makes a job of an activation, with its callback.
pub fn to_work(admitted: AdmittedInvocation, progress: Option<Progress>) -> NewWork {
    let work = work_of(&admitted, progress);
    NewWork { callback: admitted.callback.map(|callback| *callback), ..work }
}

/// What makes a job of one that has come as far as `progress`.
pub fn work_of(admitted: &AdmittedInvocation, progress: Option<Progress>) -> NewWork {
    queued_of(admitted, progress).into_work(admitted.id, admitted.identity.namespace.clone())
}

pub fn queued_of(admitted: &AdmittedInvocation, progress: Option<Progress>) -> QueuedInvocation {
    QueuedInvocation {
        action: admitted.entry.asked(),
        version: admitted.entry.action.version,
        subject: admitted.identity.subject.clone(),
        args: admitted.args.clone(),
        cause: admitted.context.cause.map(Cause::id),
        transaction: admitted.context.transaction.to_string(),
        accepted: admitted.context.accepted,
        progress,
        terms: admitted.terms.clone(),
        depth: admitted.context.depth,
        rerun_of: admitted.context.rerun_of,
        failed: Vec::new(),
        begun: 0,
    }
}

#[async_trait]
impl Handler for Invoker {
    /// Runs a queued activation: the current version of its action on the arguments of its acceptance.
    async fn handle(&self, job: &Job) -> anyhow::Result<JobOutcome> {
        let _until_it_is_dealt_with = OnDrop(|| {
            self.to_cancel.remove(&job.lease.job);
        });
        let queued: Arc<QueuedInvocation> = Arc::new(serde_json::from_str(&job.payload)?);
        let gone = || refusal(messages::ACTION_GONE.into());
        let identity = match self.catalog.owner(&job.namespace).await {
            Ok(identity) => identity,
            Err(failure) => return Ok(self.not_now(job, &queued, &failure)),
        };
        let Some(identity) = identity else {
            return Ok(self.finished(&queued, None, vec![self.never_ran(job, &queued, gone())]).await);
        };
        let entry = match self.catalog.resolve(&queued.action).await {
            Ok(entry) => entry,
            Err(Failure::NotFound(_) | Failure::Conflict(_)) => {
                return Ok(self.finished(&queued, Some(&identity), vec![self.never_ran(job, &queued, gone())]).await);
            }
            Err(failure) => return Ok(self.not_now(job, &queued, &failure)),
        };
        let verdict = self.readmit_decision(&entry, job, &queued);
        let hold = JobHold::of_job(job.lease.clone(), queued.clone());
        let admitted = self.readmit((job.lease.job, job.lease.attempt), &queued, entry, identity);
        let unrun = |response: &Response| match is_composed(&admitted.entry) {
            true => self.abandon_composition(&admitted, &hold, response),
            false => vec![self.never_ran(job, &queued, response.clone())],
        };
        match verdict {
            ReadmitDecision::Run => {
                let Some(records) = self.run_as_running(&admitted, &hold).await else { return Ok(JobOutcome::Lost) };
                Ok(self.conclude(&admitted, &queued, records).await)
            }
            ReadmitDecision::Cancelled => {
                admitted.running.cancel();
                let mut records = unrun(&refusal(messages::CANCELLED.into()));
                records.iter_mut().for_each(mark_cancelled);
                Ok(self.finished(&queued, Some(&admitted.identity), records).await)
            }
            ReadmitDecision::NotAgain => {
                let records = unrun(&Response::whisk_error(messages::NOT_REDELIVERED));
                Ok(self.finished(&queued, Some(&admitted.identity), records).await)
            }
            ReadmitDecision::GiveUp(reason) => {
                let records = unrun(&Response::whisk_error(reason.clone()));
                Ok(self.given_up(&queued, &admitted.identity, records, &reason).await)
            }
        }
    }

    fn left(&self, namespace: &NamespaceName) {
        self.gate.leave(namespace);
    }

    fn shares(&self) -> &Shares {
        self.gate.shares()
    }

    async fn allowed(&self, share: &str) -> anyhow::Result<Option<u32>> {
        let owner = self.catalog.owner(&share.parse()?).await?;
        Ok(owner.and_then(|owner| self.gate.concurrent(&owner)))
    }
}

/// The annotation of what ended because somebody asked for it.
pub const CANCELLED: &str = "cancelled";

/// What ended because somebody asked for it says so.
pub fn mark_cancelled(record: &mut Activation) {
    record.annotations.set(CANCELLED, true);
}

/// Whether a queued activation is run.
enum ReadmitDecision {
    Run,
    /// Somebody asked that it end.
    Cancelled,
    /// Its action must not run twice.
    NotAgain,
    GiveUp(Message),
}

impl Invoker {
    /// `attempt`: its id, and how often it has been begun.
    pub(super) fn readmit(
        &self,
        (id, attempt): (ActivationId, u32),
        queued: &QueuedInvocation,
        entry: Arc<ActionEntry>,
        identity: SharedIdentity,
    ) -> AdmittedInvocation {
        let context = Context {
            transaction: queued.transaction.as_str().into(),
            cause: queued.cause.map(Cause::Event),
            extra_logging: false,
            accepted: queued.accepted,
            depth: queued.depth,
            rerun_of: queued.rerun_of,
        };
        let running = self.running_of(&identity, &entry, (queued.accepted, attempt));
        let (args, terms) = (queued.args.clone(), queued.terms.clone());
        AdmittedInvocation { id, entry, identity, args, context, attempt, terms, callback: None, running }
    }

    /// It could not be begun: what it is tried again as does not count that as the death of a node.
    fn not_now(&self, job: &Job, queued: &QueuedInvocation, failure: &Failure) -> JobOutcome {
        warn!(cause = %failure, job = %job.lease.job, attempt = job.lease.attempt, "job could not begin, it is tried again");
        let after = Duration::from_millis(self.queue.config().retry_ms);
        let mut unrun = QueuedInvocation { begun: queued.begun + 1, ..queued.clone() };
        unrun.progress.iter_mut().for_each(Progress::did_not_begin);
        JobOutcome::Retry { records: Vec::new(), payload: unrun.to_payload(), after }
    }

    fn readmit_decision(&self, entry: &ActionEntry, job: &Job, queued: &QueuedInvocation) -> ReadmitDecision {
        if job.cancelled.is_some() {
            return ReadmitDecision::Cancelled;
        }
        // How often the activation, or the component that is next in it, has been begun, counting this time.
        let begun = match &queued.progress {
            Some(progress) => progress.attempt_within(job.lease.attempt),
            None => job.lease.attempt.saturating_sub(queued.begun),
        };
        if self.queue.config().max_attempts < begun {
            return ReadmitDecision::GiveUp(messages::node_failed(begun - 1));
        }
        let once = entry.action.annotations.get("redelivery") == Some(&Value::Bool(false));
        if once && 1 < begun { ReadmitDecision::NotAgain } else { ReadmitDecision::Run }
    }

    /// The record of an activation that ends without a run, or whose run nobody can tell of.
    pub(super) fn never_ran(&self, job: &Job, queued: &QueuedInvocation, response: Response) -> Activation {
        let attempts = job.lease.attempt.min(self.queue.config().max_attempts + queued.begun);
        self.record_without_run(job.lease.job, &job.namespace, queued, response, attempts)
    }

    /// `attempts`: how often it has been begun.
    pub(super) fn record_without_run(
        &self,
        id: ActivationId,
        namespace: &NamespaceName,
        queued: &QueuedInvocation,
        response: Response,
        attempts: u32,
    ) -> Activation {
        let now = self.clock.now();
        let mut annotations = Annotations::default()
            .with("path", queued.action.to_string())
            .with("kind", wask_model::Kind::WASM)
            .with("timeout", false)
            .with("waitTime", now.since(queued.accepted).as_millis() as u64);
        if 1 < attempts {
            annotations.set("attempts", attempts);
        }
        if let Some(origin) = queued.rerun_of {
            annotations.set("rerunOf", origin.to_string());
        }
        Activation {
            id,
            namespace: namespace.clone(),
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
            input: None,
        }
    }
}
