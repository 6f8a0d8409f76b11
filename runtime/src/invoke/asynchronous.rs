//! Activations that run as jobs: putting them into the queue, and running them when a worker takes them out.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tracing::warn;
use wask_model::annotations::keys;
use wask_model::{
    Activation, ActivationId, Failure, Message, NamespaceName, Response, SharedIdentity, messages, weight_of_json,
};
use wask_store::Job;

use super::composition::progress::Progress;
use super::composition::{Composition, JobHold, is_composed};
use super::queued::QueuedInvocation;
use super::record::{Record, mark_cancelled};
use super::runner::outcome::refusal;
use super::{AdmittedInvocation, Cause, Context, Invoker};
use crate::catalog::ActionEntry;
use crate::gate::{InFlight, Shares};
use crate::memory::Charge;
use crate::queue::{Handler, JobOutcome};

/// The callers of jobs may wait for their ends, and their requests are counted in the same part of the memory budget:
/// [`Part::charge_at`](crate::memory::Part::charge_at).
const CALLERS_WAIT: u32 = 8;

/// Carries out the jobs of the lane `invoke`.
pub struct InvokeLane(pub Arc<Invoker>);

#[async_trait]
impl Handler for InvokeLane {
    async fn handle(&self, job: &Job) -> anyhow::Result<JobOutcome> {
        self.0.handle(job).await
    }

    fn left(&self, namespace: &NamespaceName) {
        self.0.gate.leave(namespace);
    }

    fn shares(&self) -> &Shares {
        self.0.gate.shares()
    }

    async fn allowed(&self, share: &str) -> anyhow::Result<Option<u32>> {
        let owner = self.0.catalog.owner(&share.parse()?).await?;
        Ok(owner.and_then(|owner| self.0.gate.concurrent(&owner)))
    }
}

/// A job that a worker has taken, and what it carries.
struct QueuedJob<'a> {
    job: &'a Job,
    queued: &'a QueuedInvocation,
}

/// What happens to an activation whose job a worker has taken.
enum ReadmitDecision {
    Run,
    /// It was cancelled while it waited.
    Cancelled,
    /// A node failed while it ran, and its action must not run twice.
    NotAgain,
    /// Nodes failed too often while it ran.
    GiveUp(Message),
}

impl Invoker {
    /// Makes the activation durable. It runs as soon as it gets a permit.
    pub(super) async fn enqueue(
        &self,
        admitted: AdmittedInvocation,
        mut in_flight: InFlight,
    ) -> Result<ActivationId, Failure> {
        let id = admitted.id;
        let mut work = admitted.into_work();
        work.permit = in_flight.take_permit();
        // It stays in flight until the job leaves the queue.
        self.queue.submit(None, vec![work], move || in_flight.keep()).await?;
        Ok(id)
    }

    /// Runs a queued activation: the present version of its action, on the arguments of its acceptance.
    async fn handle(self: &Arc<Self>, job: &Job) -> anyhow::Result<JobOutcome> {
        let _until_done = self.live.forget_cancellation_at_end(job.lease.job);
        let _room = self.room_for(job).await;
        let queued: Arc<QueuedInvocation> = Arc::new(QueuedInvocation::read(&job.payload)?);
        let taken = QueuedJob { job, queued: &queued };
        let identity = match self.catalog.owner(&job.namespace).await {
            Ok(Some(identity)) => identity,
            Ok(None) => return Ok(self.action_gone(&taken, None).await),
            Err(failure) => return Ok(self.not_now(&taken, &failure)),
        };
        let entry = match self.catalog.resolve(&queued.action).await {
            Ok(entry) => entry,
            Err(Failure::NotFound(_) | Failure::Conflict(_)) => {
                return Ok(self.action_gone(&taken, Some(&identity)).await);
            }
            Err(failure) => return Ok(self.not_now(&taken, &failure)),
        };
        let decision = self.decide(&entry, &taken);
        let hold = JobHold::from_job(job.lease.clone(), queued.clone());
        let admitted = self.readmit((job.lease.job, job.lease.attempt), &queued, entry, identity);
        let owner = Some(&admitted.identity);
        match decision {
            ReadmitDecision::Run => {
                let Some(records) = self.register(&admitted, &hold).await else { return Ok(JobOutcome::Lost) };
                Ok(self.conclude(&admitted, &queued, records).await)
            }
            ReadmitDecision::Cancelled => {
                admitted.running.cancel();
                let mut records = self.without_run(&admitted, &hold, &taken, &refusal(messages::CANCELLED.into()));
                records.iter_mut().for_each(mark_cancelled);
                Ok(self.finished(&queued, owner, records).await)
            }
            ReadmitDecision::NotAgain => {
                let response = Response::whisk_error(messages::NOT_REDELIVERED);
                let records = self.without_run(&admitted, &hold, &taken, &response);
                Ok(self.finished(&queued, owner, records).await)
            }
            ReadmitDecision::GiveUp(reason) => {
                let records = self.without_run(&admitted, &hold, &taken, &Response::whisk_error(reason.clone()));
                Ok(self.given_up(&queued, &admitted.identity, records, &reason).await)
            }
        }
    }

    /// Room for what a job's payload becomes in memory, until the job has ended.
    async fn room_for(&self, job: &Job) -> Option<Charge> {
        // Twice: the payload as it is kept for another attempt, and the arguments of this one.
        let bytes = (2 * weight_of_json(&job.payload)).min(self.payloads.total() / 8);
        let room = self.payloads.charge_when_free_at(job.namespace.as_str(), bytes, CALLERS_WAIT, pending());
        room.await.ok() // an eighth of all finds room in the end
    }

    /// The activation with everything its run needs, from its job. `id`, `attempt`: those of the job.
    pub(super) fn readmit(
        &self,
        (id, attempt): (ActivationId, u32),
        queued: &QueuedInvocation,
        entry: Arc<ActionEntry>,
        identity: SharedIdentity,
    ) -> AdmittedInvocation {
        let context = Context {
            cause: queued.cause.map(Cause::Event),
            depth: queued.depth,
            rerun_of: queued.rerun_of,
            chain_began: queued.chain_began,
            ..Context::outermost(queued.transaction.as_str().into(), queued.accepted)
        };
        let running = self.admission.running(&identity, &entry, (queued.accepted, attempt));
        let (args, terms) = (queued.args.clone(), queued.terms.clone());
        AdmittedInvocation { id, entry, identity, args, context, attempt, terms, callback: None, running }
    }

    fn decide(&self, entry: &ActionEntry, QueuedJob { job, queued }: &QueuedJob<'_>) -> ReadmitDecision {
        if job.cancelled.is_some() {
            return ReadmitDecision::Cancelled;
        }
        // How often the activation, or the component that runs next, was begun, this time included.
        let begun = match &queued.progress {
            Some(progress) => progress.attempt_within(job.lease.attempt),
            None => job.lease.attempt.saturating_sub(queued.begun),
        };
        if begun > self.queue.config().max_attempts {
            return ReadmitDecision::GiveUp(messages::node_failed(begun - 1));
        }
        let only_once = entry.action.annotations.get(keys::REDELIVERY) == Some(&Value::Bool(false));
        if only_once && begun > 1 { ReadmitDecision::NotAgain } else { ReadmitDecision::Run }
    }

    /// The activation could not be started. The next attempt does not count this one as a failure of a node.
    fn not_now(&self, QueuedJob { job, queued }: &QueuedJob<'_>, failure: &Failure) -> JobOutcome {
        warn!(cause = %failure, job = %job.lease.job, attempt = job.lease.attempt, "job could not start, will retry");
        let after = Duration::from_millis(self.queue.config().retry_ms);
        let mut next = QueuedInvocation { begun: queued.begun + 1, ..(*queued).clone() };
        next.progress.iter_mut().for_each(Progress::did_not_begin);
        let (payload, failed_attempts) = (next.to_payload(), next.failed.len() as u32);
        JobOutcome::Retry { records: Vec::new(), payload, failed_attempts, after }
    }

    async fn action_gone(&self, job: &QueuedJob<'_>, owner: Option<&SharedIdentity>) -> JobOutcome {
        let record = self.never_ran(job, refusal(messages::ACTION_GONE.into()));
        self.finished(job.queued, owner, vec![record]).await
    }

    /// The records of an activation that ends without another run. A composition ends with all of its open scopes.
    fn without_run(
        self: &Arc<Self>,
        admitted: &AdmittedInvocation,
        hold: &JobHold,
        job: &QueuedJob<'_>,
        response: &Response,
    ) -> Vec<Activation> {
        if is_composed(&admitted.entry) {
            Composition::new(self, admitted, hold).abandon(response)
        } else {
            vec![self.never_ran(job, response.clone())]
        }
    }

    fn never_ran(&self, QueuedJob { job, queued }: &QueuedJob<'_>, response: Response) -> Activation {
        let attempts = job.lease.attempt.min(self.queue.config().max_attempts + queued.begun);
        Record::without_run((job.lease.job, &job.namespace), queued, (response, attempts), self.clock.now())
    }
}
