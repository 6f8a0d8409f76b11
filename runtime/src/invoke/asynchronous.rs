//! Activations that wait in the queue: what the job carries, and its run.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tracing::warn;
use wask_model::annotations::keys;
use wask_model::{Activation, ActivationId, Failure, Message, NamespaceName, Response, SharedIdentity, messages};
use wask_store::{Job, Lane};

use super::composition::{JobHold, Progress, is_composed};
use super::outcome::refusal;
use super::queued::QueuedInvocation;
use super::record::{Record, mark_cancelled};
use super::{AdmittedInvocation, Cause, Context, Invoker, OnDrop};
use crate::catalog::ActionEntry;
use crate::gate::Shares;
use crate::queue::{Handler, JobOutcome, NewWork};

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
        let once = entry.action.annotations.get(keys::REDELIVERY) == Some(&Value::Bool(false));
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
        Record::without_run((id, namespace), queued, (response, attempts), self.clock.now())
    }
}
