//! Information documents, which need no key. rest.md §1.8.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use wask_model::{Kind, Limits};

use crate::api::App;
use crate::api::http::Caller;

/// `GET /ping`: liveness.
pub async fn ping() -> &'static str {
    "pong"
}

/// `GET /`: the kinds and limits of this server. `aio` reads the kinds only below `nodejs`, so they are listed there
/// too.
pub async fn server(State(app): State<App>) -> Json<Value> {
    let kinds = kinds();
    Json(json!({
        "description": "OpenWhisk",
        "support": { "github": "https://github.com/apache/openwhisk/issues", "slack": "http://slack.openwhisk.org" },
        "api_paths": ["/api/v1"],
        "limits": limits(&app.limits),
        "runtimes": { "wasm": kinds, "nodejs": kinds },
    }))
}

fn kinds() -> Value {
    json!([{
        "kind": Kind::WASM, "image": { "prefix": "wask", "name": "wasm", "tag": "1" },
        "deprecated": false, "default": true, "attached": true, "requireMain": false,
    }])
}

fn limits(limits: &Limits) -> Value {
    let megabyte = |mb: u32| u64::from(mb) << 20;
    json!({
        "actions_per_minute": limits.invocations_per_minute,
        "triggers_per_minute": limits.fires_per_minute,
        "concurrent_actions": limits.concurrent_invocations,
        "sequence_length": limits.sequence_length,
        "default_min_action_duration": limits.action_timeout_min_ms,
        "default_max_action_duration": limits.action_timeout_max_ms,
        "default_min_action_memory": megabyte(limits.action_memory_min_mb),
        "default_max_action_memory": megabyte(limits.action_memory_max_mb),
        "default_min_action_logs": megabyte(limits.action_logs_min_mb),
        "default_max_action_logs": megabyte(limits.action_logs_max_mb),
        "min_action_duration": limits.action_timeout_min_ms,
        "max_action_duration": limits.action_timeout_max_ms,
        "min_action_memory": megabyte(limits.action_memory_min_mb),
        "max_action_memory": megabyte(limits.action_memory_max_mb),
        "min_action_logs": megabyte(limits.action_logs_min_mb),
        "max_action_logs": megabyte(limits.action_logs_max_mb),
    })
}

/// `GET /api/v1`: the version of the API and of the server.
pub async fn api() -> Json<Value> {
    Json(json!({
        "description": "OpenWhisk API",
        "api_version": "1.0.0",
        "api_version_path": "v1",
        "build": concat!("wask ", env!("CARGO_PKG_VERSION")),
        "buildno": env!("CARGO_PKG_VERSION"),
        "swagger_paths": { "ui": "/docs", "api-docs": "/api-docs" },
    }))
}

/// `GET /runtime/namespaces/{ns}/logForwarding`: `aio` calls it before it shows logs.
pub async fn log_forwarding(_caller: Caller) -> Json<Value> {
    Json(json!({ "adobe_io_runtime": {} }))
}
