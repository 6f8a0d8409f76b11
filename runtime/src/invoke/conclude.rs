//! The end of a queued activation: another attempt, or its record and everything that follows, in one transaction.
//!
//! ```text
//! records ─┬─ a policy says retry ──▶ retry (with the records of its components)
//!          └─ over ─┬─ attempts used up ──▶ dead letter ┐
//!                   └─ otherwise ──▶ finished           ┴─▶ input, callback
//! ```

use wask_model::annotations::keys;
use wask_model::{Activation, Annotations, LimitOverrides, Notice, Response, RetryPolicy, SharedIdentity, messages};
use wask_store::Lane;

use super::arguments::chosen;
use super::queued::{FailedAttempt, QueuedInvocation, failed_attempts};
use super::{AdmittedInvocation, Invoker};
use crate::queue::{JobOutcome, NewWork};

/// Characters of the error that a failed attempt keeps.
const ERROR_CHARS: usize = 1000;

impl Invoker {
    /// Decides what happens to an activation that has run. Its own record is the last.
    pub(super) async fn conclude(
        &self,
        admitted: &AdmittedInvocation,
        queued: &QueuedInvocation,
        mut records: Vec<Activation>,
    ) -> JobOutcome {
        let owner = &admitted.identity;
        let policy = queued.terms.retry.clone().or_else(|| policy_of(&admitted.entry.action.annotations));
        let (Some(policy), Some(own)) = (policy, records.last()) else {
            return self.finished(queued, Some(owner), records).await;
        };
        let is_waited_for = queued.terms.waited_until.is_some_and(|until| self.clock.now() < until);
        if is_waited_for || admitted.running.is_cancelled() || !policy.retries(own.response.status) {
            return self.finished(queued, Some(owner), records).await;
        }
        let failed = queued.failed.len() as u32 + 1;
        match policy.next(failed, own.response.status, fastrand::f64()) {
            Some(after) => {
                let payload = after_failure(queued, own, admitted.attempt).to_payload();
                records.pop(); // the activation has not ended, so it has no record yet
                let records = self.publish(Some(owner), records).await;
                JobOutcome::Retry { records, payload, failed_attempts: failed, after }
            }
            None if failed > 1 => self.given_up(queued, owner, records, &messages::attempts_used_up(failed)).await,
            None => self.finished(queued, Some(owner), records).await,
        }
    }

    /// The activation is over. `owner`: `None` if the namespace does not exist any more.
    pub(super) async fn finished(
        &self,
        queued: &QueuedInvocation,
        owner: Option<&SharedIdentity>,
        mut records: Vec<Activation>,
    ) -> JobOutcome {
        let next = self.complete(queued, owner, &mut records).await;
        let records = self.publish(owner, records).await;
        let room = self.recorder.room_for_job(&records).await;
        JobOutcome::Finished { records, next, stored: Box::new(move || drop(room)) }
    }

    /// The activation is over, and its attempts are used up.
    pub(super) async fn given_up(
        &self,
        queued: &QueuedInvocation,
        owner: &SharedIdentity,
        mut records: Vec<Activation>,
        reason: &str,
    ) -> JobOutcome {
        let next = self.complete(queued, Some(owner), &mut records).await;
        let records = self.publish(Some(owner), records).await;
        JobOutcome::Dead { records, next, reason: reason.to_owned() }
    }

    /// Completes the record of an activation that is over, and makes the job of its callback.
    pub(super) async fn complete(
        &self,
        queued: &QueuedInvocation,
        owner: Option<&SharedIdentity>,
        records: &mut [Activation],
    ) -> Vec<NewWork> {
        let Some(own) = records.last_mut() else { return Vec::new() };
        if !queued.failed.is_empty() {
            own.annotations.set(keys::FAILED_ATTEMPTS, failed_attempts(&queued.failed));
        }
        own.input = self.recorder.keeps_input_of_jobs().then(|| queued.given());
        let Some(pending) = &queued.terms.callback else { return Vec::new() };
        let names = queued.terms.sent.as_deref().or(queued.terms.given.as_deref());
        let arguments = chosen(&queued.args, names);
        let notice = Notice::new(own.clone(), arguments, self.server_name.clone(), &pending.payload);
        let system = LimitOverrides::default();
        let limits = owner.map_or(&system, |owner| &owner.limits);
        vec![NewWork {
            id: pending.id.as_activation_id(),
            lane: Lane::Callback,
            namespace: own.namespace.clone(),
            share: pending.site.clone(),
            name: queued.action.clone(),
            cause: None,
            payload: self.admission.callback_payload(&own.namespace, limits, notice).await,
            permit: None,
            callback: None,
        }]
    }

    /// Shows the records to listeners. Returns those that are stored: all or none, and all if there is no owner any
    /// more.
    async fn publish(&self, owner: Option<&SharedIdentity>, records: Vec<Activation>) -> Vec<Activation> {
        records.iter().for_each(|record| self.recorder.publish(record));
        match owner {
            Some(owner) => self.owners.records_to_store(owner, records).await,
            None => records,
        }
    }
}

/// The retry policy of an action. An invalid one was rejected when the action was created.
fn policy_of(annotations: &Annotations) -> Option<RetryPolicy> {
    RetryPolicy::from_annotations(annotations).ok().flatten()
}

/// What the next attempt starts with: the arguments of the first, no progress, and the failure added to the list.
fn after_failure(queued: &QueuedInvocation, own: &Activation, attempt: u32) -> QueuedInvocation {
    let mut failed = queued.failed.clone();
    let at = own.end.unwrap_or(own.start);
    failed.push(FailedAttempt { attempt, at, status: own.response.status, error: error_of(&own.response) });
    QueuedInvocation { progress: None, failed, begun: attempt, ..queued.clone() }
}

fn error_of(response: &Response) -> String {
    let error = response.result.get("error").unwrap_or(&response.result);
    let text = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
    text.chars().take(ERROR_CHARS).collect()
}
