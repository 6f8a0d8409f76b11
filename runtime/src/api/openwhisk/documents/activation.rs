//! The JSON of activations. rest.md §2.2.

use serde_json::{Value, json};
use wask_store::Summary;

/// The summary that a list shows. The activation of a trigger has no end, duration or status.
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
