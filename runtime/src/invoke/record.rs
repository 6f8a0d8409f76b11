//! Builds the records of activations: the one place that knows their fields and the order of their annotations.

use serde_json::Value;
use wask_model::annotations::keys;
use wask_model::{
    ActionLimits, Activation, ActivationId, Annotations, EntityName, Identity, Kind, NamespaceName, Response, Status,
    Timestamp, Trigger, Version,
};

use super::composition::progress::{EndedScope, Plan};
use super::invocation::{AdmittedInvocation, Cause, Context};
use super::queued::QueuedInvocation;
use super::runner::outcome::Outcome;

/// A record in the making. Clients compare documents byte for byte: annotations keep the order in which they are set.
pub struct Record(Activation);

/// What every record says of its activation.
struct Head<'a> {
    id: ActivationId,
    namespace: &'a NamespaceName,
    subject: &'a str,
    name: &'a EntityName,
    version: Version,
    cause: Option<ActivationId>,
    start: Timestamp,
}

/// When something began and ended.
#[derive(Clone, Copy)]
pub struct Span {
    pub start: Timestamp,
    pub end: Timestamp,
}

impl Record {
    /// The record of an action that has run, or that could not. rest.md §4.2, §4.3.
    pub fn from_run(admitted: &AdmittedInvocation, span: Span, outcome: Outcome) -> Activation {
        let (action, context) = (&admitted.entry.action, &admitted.context);
        let is_cold = admitted.entry.is_cold();
        let mut record = Record::new(Head {
            id: admitted.id,
            namespace: &admitted.identity.namespace,
            subject: &admitted.identity.subject,
            name: &action.name.name,
            version: action.version,
            cause: context.cause.map(Cause::id),
            start: span.start,
        });
        record.set(keys::PATH, action.name.to_string());
        record.set(keys::KIND, action.kind().as_str());
        record.set(keys::TIMEOUT, outcome.timed_out);
        record.set_limits(&action.limits);
        record.set(keys::WAIT_TIME, span.start.since(context.accepted).as_millis() as u64);
        record.set_some(keys::INIT_TIME, outcome.init.filter(|_| is_cold).map(|init| init.as_millis() as u64));
        if let Some(Cause::Composition(_)) = context.cause {
            record.set(keys::CAUSED_BY, Kind::SEQUENCE);
        }
        record.set_some(keys::BINDING, admitted.entry.binding.as_ref().map(ToString::to_string));
        record.set_attempts(admitted.attempt);
        record.set_rerun_of(context.rerun_of);
        record.set_cancelled(admitted, &outcome.response);
        let duration_ms = span.end.since(span.start).as_millis() as u64;
        record.end(span.end, duration_ms, outcome.response, outcome.logs)
    }

    /// The record of a queued activation that ends without a run, or whose last run was cut off.
    /// `attempts`: how often it was begun.
    pub fn without_run(
        (id, namespace): (ActivationId, &NamespaceName),
        queued: &QueuedInvocation,
        (response, attempts): (Response, u32),
        now: Timestamp,
    ) -> Activation {
        let mut record = Record::new(Head {
            id,
            namespace,
            subject: &queued.subject,
            name: &queued.action.name,
            version: queued.version,
            cause: queued.cause,
            start: now,
        });
        record.set(keys::PATH, queued.action.to_string());
        record.set(keys::KIND, Kind::WASM);
        record.set(keys::TIMEOUT, false);
        record.set(keys::WAIT_TIME, now.since(queued.accepted).as_millis() as u64);
        record.set_attempts(attempts);
        record.set_rerun_of(queued.rerun_of);
        record.end(now, 0, response, Vec::new())
    }

    /// The record of a sequence or composition that ended at `end`. rest.md §5.2, §5.4.
    pub fn from_scope(admitted: &AdmittedInvocation, ended: EndedScope, end: Timestamp) -> Activation {
        let EndedScope { scope, response, cause } = ended;
        let is_topmost = cause.is_none();
        let mut record = Record::new(Head {
            id: scope.id,
            namespace: &admitted.identity.namespace,
            subject: &admitted.identity.subject,
            name: &scope.action.name,
            version: scope.version,
            cause: cause.or(admitted.context.cause.map(Cause::id)),
            start: scope.start,
        });
        record.set(keys::TOPMOST, is_topmost);
        record.set(keys::PATH, scope.action.to_string());
        record.set(keys::KIND, Kind::SEQUENCE);
        record.set(keys::WAIT_TIME, scope.wait_ms);
        if let Some(memory) = scope.memory {
            record.set_limits(&ActionLimits { memory, ..scope.limits });
        }
        if let Plan::Conductor(_) = scope.plan {
            record.set(keys::CONDUCTOR, true);
        }
        record.set_some(keys::BINDING, scope.binding.as_ref().map(ToString::to_string));
        if is_topmost {
            record.set_attempts(admitted.attempt);
            record.set_rerun_of(admitted.context.rerun_of);
        } else {
            record.set(keys::CAUSED_BY, Kind::SEQUENCE);
        }
        record.set_cancelled(admitted, &response);
        let logs = scope.logs.iter().map(ToString::to_string).collect();
        record.end(end, scope.duration_ms, response, logs)
    }

    /// The record of a firing: the event is its result, and its log has one line per rule. It has no end.
    pub fn from_firing(
        id: ActivationId,
        (identity, context): (&Identity, &Context),
        trigger: &Trigger,
        (event, logs): (Value, Vec<String>),
        start: Timestamp,
    ) -> Activation {
        let mut record = Record::new(Head {
            id,
            namespace: &identity.namespace,
            subject: &identity.subject,
            name: &trigger.name.name,
            version: trigger.version,
            cause: context.cause.map(Cause::id),
            start,
        });
        record.set_rerun_of(context.rerun_of);
        Activation { response: Response::success(event), logs, ..record.0 }
    }

    fn new(head: Head<'_>) -> Self {
        Record(Activation {
            id: head.id,
            namespace: head.namespace.clone(),
            name: head.name.clone(),
            version: head.version,
            subject: head.subject.to_owned(),
            start: head.start,
            end: None,
            duration_ms: None,
            cause: head.cause,
            response: Response::success(Value::Null),
            logs: Vec::new(),
            annotations: Annotations::default(),
            input: None,
        })
    }

    fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.0.annotations.set(key, value);
    }

    fn set_some(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.set(key, value);
        }
    }

    fn set_limits(&mut self, limits: &ActionLimits) {
        self.set(keys::LIMITS, serde_json::to_value(limits).expect("limits always serialize"));
    }

    /// Only a repeated activation says how often it was begun.
    fn set_attempts(&mut self, attempts: u32) {
        if attempts > 1 {
            self.set(keys::ATTEMPTS, attempts);
        }
    }

    fn set_rerun_of(&mut self, origin: Option<ActivationId>) {
        self.set_some(keys::RERUN_OF, origin.map(|origin| origin.to_string()));
    }

    /// An activation that succeeds before the cancellation reaches it does not count as cancelled.
    fn set_cancelled(&mut self, admitted: &AdmittedInvocation, response: &Response) {
        if admitted.running.is_cancelled() && response.status != Status::Success {
            self.set(keys::CANCELLED, true);
        }
    }

    fn end(self, end: Timestamp, duration_ms: u64, response: Response, logs: Vec<String>) -> Activation {
        Activation { end: Some(end), duration_ms: Some(duration_ms), response, logs, ..self.0 }
    }
}

/// Marks the record of an activation that was cancelled before it ran.
pub fn mark_cancelled(record: &mut Activation) {
    record.annotations.set(keys::CANCELLED, true);
}
