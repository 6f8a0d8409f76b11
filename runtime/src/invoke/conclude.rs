//! The end of a queued activation: tried again, or over, with everything that follows from it in one transaction.
//!
//! ```text
//! records ─┬─ a policy says so ──▶ retry (the records of its parts)
//!          └─ over ─┬─ attempts used up ──▶ dead letter ┐
//!                   └─ otherwise ──▶ finished           ┴─▶ input, callback
//! ```

use wask_model::annotations::keys;
use wask_model::{Activation, Annotations, Notice, Response, RetryPolicy, SharedIdentity, messages};
use wask_store::Lane;

use super::arguments::chosen;
use super::queued::{FailedAttempt, QueuedInvocation, failed_attempts};
use super::{AdmittedInvocation, Invoker};
use crate::queue::{JobOutcome, NewWork};

/// Characters of an error that are kept of an attempt that failed.
const ERROR_CHARS: usize = 1000;

impl Invoker {
    /// What becomes of an activation that has run; its own record is the last.
    pub(super) async fn conclude(
        &self,
        admitted: &AdmittedInvocation,
        queued: &QueuedInvocation,
        mut records: Vec<Activation>,
    ) -> JobOutcome {
        let policy = queued.terms.retry.clone().or_else(|| policy_of(&admitted.entry.action.annotations));
        let (Some(policy), Some(own)) = (policy, records.last()) else {
            return self.finished(queued, Some(&admitted.identity), records).await;
        };
        let is_waited_for = queued.terms.waited_until.is_some_and(|until| self.clock.now() < until);
        if is_waited_for || admitted.running.is_cancelled() || !policy.retries(own.response.status) {
            return self.finished(queued, Some(&admitted.identity), records).await;
        }
        let failed = queued.failed.len() as u32 + 1;
        match policy.next(failed, own.response.status, fastrand::f64()) {
            Some(after) => {
                let payload = after_failure(queued, own, admitted.attempt).to_payload();
                records.pop(); // an activation has one record, and has not ended
                records.iter().for_each(|record| self.recorder.ended(record));
                let records = self.to_store(&admitted.identity, records).await;
                JobOutcome::Retry { records, payload, after }
            }
            None if 1 < failed => {
                let reason = messages::attempts_used_up(failed);
                self.given_up(queued, &admitted.identity, records, &reason).await
            }
            None => self.finished(queued, Some(&admitted.identity), records).await,
        }
    }

    /// It is over. `identity`: whose it is, if there still is such a namespace.
    pub(super) async fn finished(
        &self,
        queued: &QueuedInvocation,
        identity: Option<&SharedIdentity>,
        mut records: Vec<Activation>,
    ) -> JobOutcome {
        let next = self.follow(queued, &mut records);
        records.iter().for_each(|record| self.recorder.ended(record));
        let records = match identity {
            Some(identity) => self.to_store(identity, records).await,
            None => records,
        };
        JobOutcome::Finished { records, next, stored: Box::new(|| ()) }
    }

    /// It is over, and its attempts are used up.
    pub(super) async fn given_up(
        &self,
        queued: &QueuedInvocation,
        identity: &SharedIdentity,
        mut records: Vec<Activation>,
        reason: &str,
    ) -> JobOutcome {
        let next = self.follow(queued, &mut records);
        records.iter().for_each(|record| self.recorder.ended(record));
        let records = self.to_store(identity, records).await;
        JobOutcome::Dead { records, next, reason: reason.to_owned() }
    }

    /// Completes the record of an activation that is over, and makes the job that tells of it.
    pub(super) fn follow(&self, queued: &QueuedInvocation, records: &mut [Activation]) -> Vec<NewWork> {
        let Some(own) = records.last_mut() else { return Vec::new() };
        if !queued.failed.is_empty() {
            own.annotations.set(keys::FAILED_ATTEMPTS, failed_attempts(&queued.failed));
        }
        own.input = self.recorder.keeps_input_of_jobs().then(|| queued.given());
        let Some(awaited) = &queued.terms.callback else { return Vec::new() };
        let names = queued.terms.sent.as_deref().or(queued.terms.given.as_deref());
        let arguments = chosen(&queued.args, names);
        let notice = Notice::new(own.clone(), arguments, self.server_name.clone(), &awaited.payload);
        vec![NewWork {
            id: awaited.id.as_activation_id(),
            lane: Lane::Callback,
            namespace: own.namespace.clone(),
            share: awaited.site.clone(),
            name: queued.action.clone(),
            payload: serde_json::to_string(&notice).expect("a notice always serializes"),
            permit: None,
            callback: None,
        }]
    }
}

/// The policy of an action; one that is none was refused when the action was made.
fn policy_of(annotations: &Annotations) -> Option<RetryPolicy> {
    RetryPolicy::of(annotations).ok().flatten()
}

/// What the next attempt begins with: the arguments of the first, from the start, knowing what went wrong.
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
