//! `/namespaces`, and the limits of a namespace. rest.md §1.8, §9.1.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use wask_model::{Failure, messages};

use crate::api::App;
use crate::api::http::{Caller, Rejection, Segments};

/// `GET /namespaces`: one name, the caller's own.
pub async fn list(caller: Caller) -> Json<Value> {
    Json(json!([caller.identity.namespace]))
}

/// `GET limits`: the limits that apply to the caller · 403 for another namespace. An unlimited number is shown as the
/// largest 32-bit one. A limit without a default in the reference is shown only if the operator has set it.
pub async fn limits(State(app): State<App>, caller: Caller, path: Segments) -> Result<Json<Value>, Rejection> {
    path.own_namespace(&caller)?;
    let own = &caller.identity.limits;
    let limits = app.limits.for_namespace(own);
    let shown = |limit: Option<u32>| limit.unwrap_or(i32::MAX.unsigned_abs());
    let concurrent = shown(limits.concurrent_invocations(own));
    let mut document = json!({
        "invocationsPerMinute": shown(limits.invocations_per_minute(own)),
        "concurrentInvocations": concurrent,
        "queuedInvocations": limits.queued_invocations(own),
        "firesPerMinute": shown(limits.fires_per_minute(own)),
        "readsPerMinute": shown(limits.reads_per_minute(own)),
        "minActionMemory": limits.action_memory_min_mb,
        "maxActionMemory": limits.action_memory_max_mb,
        "minActionLogs": limits.action_logs_min_mb,
        "maxActionLogs": limits.action_logs_max_mb,
        "minActionTimeout": limits.action_timeout_min_ms,
        "maxActionTimeout": limits.action_timeout_max_ms,
        "minActionConcurrency": limits.action_concurrency_min,
        "maxActionConcurrency": limits.action_concurrency_max,
        "maxParameterSize": bytes(limits.parameters_bytes),
        "maxActionInstances": concurrent,
        "maxEntities": limits.entities,
        "maxEntitiesSize": bytes(limits.entities_bytes),
        "maxCallbacksSize": bytes(limits.callback_bytes),
        "maxAuditSize": bytes(limits.audit_bytes),
    });
    for (member, value) in [
        ("allowedKinds", own.allowed_kinds.as_ref().map(|kinds| json!(kinds))),
        ("storeActivations", own.store_activations.map(|stored| json!(stored))),
        ("maxPayloadSize", own.payload_bytes.map(|_| json!(bytes(limits.payload_bytes)))),
        ("maxRecordsSize", own.record_bytes.map(|size| json!(bytes(size)))),
        ("maxDeadLettersSize", own.dead_letter_bytes.map(|size| json!(bytes(size)))),
        ("maxEndedCallbacksSize", own.ended_callback_bytes.map(|size| json!(bytes(size)))),
        ("truncationSize", own.truncation_bytes.map(|_| json!(bytes(limits.truncation_bytes)))),
    ] {
        if let Some(value) = value {
            document[member] = value;
        }
    }
    Ok(Json(document))
}

/// A size in the form that clients parse.
fn bytes(size: u64) -> String {
    format!("{size} B")
}

/// `GET limits/{x}`: 400.
pub async fn limits_inner(caller: Caller, path: Segments) -> Result<Json<Value>, Rejection> {
    path.own_namespace(&caller)?;
    Err(Failure::BadRequest(messages::LIMITS_INNER.into()).into())
}
