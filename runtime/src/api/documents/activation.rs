//! Activations on the wire: summaries and the life of one that has not ended. REST contract §2.2, feeds contract §B.2.

use serde_json::{Value, json};
use wask_model::{Activation, ActivationId, FullName, Status, Timestamp};
use wask_store::Summary;

/// What a list shows. Triggers have neither end nor duration nor status.
pub fn summary(summary: &Summary) -> Value {
    let mut document = json!({
        "namespace": summary.namespace,
        "name": summary.name,
        "version": summary.version,
        "publish": false,
        "annotations": summary.annotations,
        "activationId": summary.id,
        "start": summary.start,
    });
    let mut set = |key: &str, value: Value| document[key] = value;
    if let Some(cause) = summary.cause {
        set("cause", json!(cause));
    }
    if let Some(end) = summary.end {
        set("end", json!(end));
        set("duration", json!(summary.duration_ms));
        set("statusCode", json!(summary.status_code));
    }
    document
}

/// Where an activation is in its life.
pub struct Life<'a> {
    pub id: ActivationId,
    pub name: String,
    pub state: State,
    pub start: Timestamp,
    pub ended: Option<&'a Activation>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Queued,
    Running,
    Ended,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Running => "running",
            State::Ended => "ended",
        }
    }
}

impl Life<'_> {
    pub fn document(&self) -> Value {
        let status: Option<Status> = self.ended.map(|record| record.response.status);
        json!({
            "activationId": self.id,
            "name": self.name,
            "state": self.state.as_str(),
            "status": status.map(Status::as_str),
            "statusCode": status.map(Status::code),
            "start": self.start,
            "end": self.ended.and_then(|record| record.end),
            "callbacks": [],
        })
    }

    /// `ns[/pkg]/name` of what ran.
    pub fn name_of(record: &Activation) -> String {
        let path = record.annotations.get("path").and_then(Value::as_str).map(str::to_owned);
        path.unwrap_or_else(|| FullName::new(record.namespace.clone(), record.name.clone()).to_string())
    }
}
