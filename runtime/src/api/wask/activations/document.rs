//! The document of an activation's status. feeds.md §B.2.

use serde_json::{Value, json};
use wask_model::annotations::keys;
use wask_model::{Activation, ActivationId, FullName};
use wask_store::KnownCallback;

use crate::invoke::{Unended, failed_attempts};

/// The document of an activation that is queued, runs or waits for another attempt.
pub fn unended(id: ActivationId, unended: &Unended, callbacks: &[KnownCallback]) -> Value {
    let (Unended::Queued { name, start } | Unended::Running { name, start } | Unended::Retrying { name, start, .. }) =
        unended;
    let mut document = json!({
        "activationId": id,
        "name": name,
        "state": state(unended),
        "status": null,
        "statusCode": null,
        "start": start,
        "end": null,
        "callbacks": callbacks.iter().map(callback).collect::<Vec<_>>(),
    });
    if let Unended::Retrying { failed, next, .. } = unended {
        document["failedAttempts"] = failed_attempts(failed);
        document["nextAttemptAt"] = json!(next);
    }
    document
}

/// The document of an activation that has ended.
pub fn ended(record: &Activation, callbacks: &[KnownCallback]) -> Value {
    json!({
        "activationId": record.id,
        "name": name_of(record),
        "state": "ended",
        "status": record.response.status.as_str(),
        "statusCode": record.response.status.code(),
        "start": record.start,
        "end": record.end,
        "callbacks": callbacks.iter().map(callback).collect::<Vec<_>>(),
    })
}

pub fn state(unended: &Unended) -> &'static str {
    match unended {
        Unended::Queued { .. } => "queued",
        Unended::Running { .. } => "running",
        Unended::Retrying { .. } => "retrying",
    }
}

fn callback(known: &KnownCallback) -> Value {
    json!({ "id": known.callback.id, "state": known.state })
}

/// `ns[/pkg]/name` of the action or trigger.
fn name_of(record: &Activation) -> String {
    let path = record.annotations.get(keys::PATH).and_then(Value::as_str).map(str::to_owned);
    path.unwrap_or_else(|| FullName::new(record.namespace.clone(), record.name.clone()).to_string())
}
