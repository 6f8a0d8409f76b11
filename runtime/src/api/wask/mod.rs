//! The routes of wask's own, which are not part of OpenWhisk's API.

pub mod activations;
pub mod alarms;
pub mod audit;
pub mod callbacks;
pub mod dead_letters;
pub mod docs;
mod openapi;
pub mod tasks;

use super::http::{Routes, get, post};
use activations::{manage, status};

/// Every route of wask's own, one line each.
pub fn routes() -> Routes {
    Routes::new()
        .route("/docs", get(docs::to_page))
        .route("/docs/index.html", get(docs::page))
        .route("/api-docs", get(docs::pages))
        .route("/api/v1/docs", get(docs::to_api_page))
        .route("/api/v1/docs/index.html", get(docs::page))
        .route("/api/v1/api-docs", get(docs::all))
        .route("/api/v1/openapi.json", get(docs::all))
        .both("/namespaces/{ns}/alarms", get(alarms::list))
        .resource("/namespaces/{ns}/alarms/{name}", get(alarms::get))
        .resource("/namespaces/{ns}/alarms/{name}/run", post(alarms::run))
        .resource("/namespaces/{ns}/alarms/{name}/pause", post(alarms::pause))
        .resource("/namespaces/{ns}/alarms/{name}/resume", post(alarms::resume))
        .both("/namespaces/{ns}/audit", get(audit::list))
        .resource("/namespaces/{ns}/activations/{id}/status", get(status::status))
        .resource("/namespaces/{ns}/activations/{id}/input", get(manage::input))
        .resource("/namespaces/{ns}/activations/{id}/cancel", post(manage::cancel))
        .resource("/namespaces/{ns}/activations/{id}/rerun", post(manage::rerun))
        .resource("/namespaces/{ns}/dead-letters", get(dead_letters::list).delete(dead_letters::purge_all))
        .resource("/namespaces/{ns}/dead-letters/redrive", post(dead_letters::redrive_all))
        .resource("/namespaces/{ns}/dead-letters/{id}", get(dead_letters::get).delete(dead_letters::purge))
        .resource("/namespaces/{ns}/dead-letters/{id}/redrive", post(dead_letters::redrive))
        .both("/namespaces/{ns}/callbacks", get(callbacks::list))
        .resource("/namespaces/{ns}/callbacks/settings", get(callbacks::settings).put(callbacks::put_settings))
        .resource("/namespaces/{ns}/callbacks/settings/rotate", post(callbacks::rotate))
        .resource("/namespaces/{ns}/callbacks/{id}", get(callbacks::get).delete(callbacks::cancel))
        .resource("/namespaces/{ns}/callbacks/{id}/retry", post(callbacks::retry))
        .both("/namespaces/{ns}/tasks", get(tasks::list))
}
