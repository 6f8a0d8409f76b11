//! The contract of Apache OpenWhisk. Parameters and headers that wask adds to its routes are here too; routes of wask's
//! own are in `wask/`.

pub mod actions;
pub mod activations;
pub mod documents;
pub mod entities;
pub mod gateway;
pub mod info;
pub mod namespaces;
pub mod packages;
pub mod rules;
pub mod triggers;
pub mod web;

use super::http::{Routes, any, get};
use gateway::{manage, serve};

/// Every route of OpenWhisk, one line each. rest.md §2.
pub fn routes() -> Routes {
    Routes::new()
        .route("/", get(info::server))
        .route("/ping", get(info::ping))
        .route("/runtime/namespaces/{ns}/logForwarding", get(info::log_forwarding))
        .route("/api/v1", get(info::api))
        .route("/api/v1/", get(info::api))
        .route("/api/v1/web/{*address}", any(web::invoke))
        .route("/api/v1/web/whisk.system/apimgmt/{call}", get(manage::list).post(manage::create).delete(manage::delete))
        .route("/api/gw/{*address}", any(serve::serve))
        .both("/namespaces", get(namespaces::list))
        .both("/namespaces/{ns}/limits", get(namespaces::limits))
        .resource("/namespaces/{ns}/limits/{name}", get(namespaces::limits_inner))
        .both("/namespaces/{ns}/actions", get(actions::list))
        .resource(
            "/namespaces/{ns}/actions/{name}",
            get(actions::get).put(actions::put).post(actions::invoke).delete(actions::delete),
        )
        .resource("/namespaces/{ns}/actions/{name}/", get(actions::list_package))
        .resource(
            "/namespaces/{ns}/actions/{name}/{inner}",
            get(actions::get).put(actions::put).post(actions::invoke).delete(actions::delete),
        )
        .both("/namespaces/{ns}/triggers", get(triggers::list))
        .resource(
            "/namespaces/{ns}/triggers/{name}",
            get(triggers::get).put(triggers::put).post(triggers::fire).delete(triggers::delete),
        )
        .both("/namespaces/{ns}/rules", get(rules::list))
        .resource(
            "/namespaces/{ns}/rules/{name}",
            get(rules::get).put(rules::put).post(rules::set_status).delete(rules::delete),
        )
        .both("/namespaces/{ns}/packages", get(packages::list))
        .resource("/namespaces/{ns}/packages/{name}", get(packages::get).put(packages::put).delete(packages::delete))
        .both("/namespaces/{ns}/activations", get(activations::list))
        .both("/namespaces/{ns}/activations/{id}", get(activations::get))
        .resource("/namespaces/{ns}/activations/{id}/logs", get(activations::logs))
        .resource("/namespaces/{ns}/activations/{id}/result", get(activations::result))
}
