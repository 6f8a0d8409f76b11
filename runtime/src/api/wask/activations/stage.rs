//! The stage of an activation and the document of its status. Feeds contract §B.2.

use serde_json::{Value, json};
use wask_model::{Activation, ActivationId, FullName, Status, Timestamp};
use wask_store::KnownCallback;

use crate::invoke::{FailedAttempt, failed_attempts};

/// The stage of an activation. `start` is when it was accepted.
pub enum ActivationStage<'a> {
    Queued {
        name: String,
        start: Timestamp,
    },
    Running {
        name: String,
        start: Timestamp,
    },
    /// An attempt has failed and the next one starts at `next`.
    Retrying {
        name: String,
        start: Timestamp,
        failed: Vec<FailedAttempt>,
        next: Timestamp,
    },
    Ended(&'a Activation),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivationState {
    Queued,
    Running,
    Retrying,
    Ended,
}

impl ActivationState {
    pub fn as_str(self) -> &'static str {
        match self {
            ActivationState::Queued => "queued",
            ActivationState::Running => "running",
            ActivationState::Retrying => "retrying",
            ActivationState::Ended => "ended",
        }
    }
}

impl ActivationStage<'_> {
    pub fn state(&self) -> ActivationState {
        match self {
            ActivationStage::Queued { .. } => ActivationState::Queued,
            ActivationStage::Running { .. } => ActivationState::Running,
            ActivationStage::Retrying { .. } => ActivationState::Retrying,
            ActivationStage::Ended(_) => ActivationState::Ended,
        }
    }

    pub fn document(&self, id: ActivationId, callbacks: &[KnownCallback]) -> Value {
        let (name, start, ended) = match self {
            ActivationStage::Queued { name, start }
            | ActivationStage::Running { name, start }
            | ActivationStage::Retrying { name, start, .. } => (name.clone(), *start, None),
            ActivationStage::Ended(record) => (name_of(record), record.start, Some(*record)),
        };
        let status: Option<Status> = ended.map(|record| record.response.status);
        let mut document = json!({
            "activationId": id,
            "name": name,
            "state": self.state().as_str(),
            "status": status.map(Status::as_str),
            "statusCode": status.map(Status::code),
            "start": start,
            "end": ended.and_then(|record| record.end),
            "callbacks": callbacks.iter().map(callback).collect::<Vec<_>>(),
        });
        if let ActivationStage::Retrying { failed, next, .. } = self {
            document["failedAttempts"] = failed_attempts(failed);
            document["nextAttemptAt"] = json!(next);
        }
        document
    }
}

fn callback(known: &KnownCallback) -> Value {
    json!({ "id": known.callback.id, "state": known.state })
}

/// `ns[/pkg]/name` of the action or trigger.
fn name_of(record: &Activation) -> String {
    let path = record.annotations.get("path").and_then(Value::as_str).map(str::to_owned);
    path.unwrap_or_else(|| FullName::new(record.namespace.clone(), record.name.clone()).to_string())
}
