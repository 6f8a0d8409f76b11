//! HTTP in, HTTP out. Decides nothing: handlers parse, call and render.

mod http;
mod openwhisk;
mod wask;

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get, post};
use tokio_util::sync::CancellationToken;
use wask_model::Limits;
use wask_store::Store;

pub use http::serve::{HttpConfig, Server};

use self::http::transaction;
use self::openwhisk::{actions, activations, gateway, info, namespaces, packages, rules, triggers, web};
use self::wask::activations as own_activations;
use self::wask::{alarms, audit, callbacks, dead_letters, docs, tasks};
use crate::alarms::Alarms;
use crate::callbacks::Callbacks;
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::firing::Firing;
use crate::gate::Gate;
use crate::gateway::Gateway;
use crate::invoke::{Admission, Invoker};

/// What the handlers call.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of a node that the API speaks to.
pub struct Parts {
    pub admission: Arc<Admission>,
    pub alarms: Arc<Alarms>,
    pub callbacks: Arc<Callbacks>,
    pub catalog: Arc<Catalog>,
    pub gate: Arc<Gate>,
    pub gateway: Arc<Gateway>,
    pub invoker: Arc<Invoker>,
    pub firing: Arc<Firing>,
    pub store: Arc<dyn Store>,
    pub clock: Clock,
    pub limits: Limits,
    /// The URL that clients reach this API under, without a slash at the end.
    pub api_host: String,
    /// Cancelled when the node begins to stop: for streams without an end of their own.
    pub closing: CancellationToken,
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Every route, one line each. REST contract §2.
///
/// The transaction layer is outermost, around the choice of a route: it gives every response its `X-Request-ID`, and every
/// error its body.
pub fn router(parts: Parts) -> Router {
    let app = App(Arc::new(parts));
    let routes = Router::new()
        .route("/", get(info::server))
        .route("/ping", get(info::ping))
        .route("/docs", get(docs::to_page))
        .route("/docs/index.html", get(docs::page))
        .route("/api-docs", get(docs::pages))
        .route("/api/v1/docs", get(docs::to_api_page))
        .route("/api/v1/docs/index.html", get(docs::page))
        .route("/api/v1/api-docs", get(docs::all))
        .route("/api/v1/openapi.json", get(docs::all))
        .route("/runtime/namespaces/{ns}/logForwarding", get(info::log_forwarding))
        .route("/api/v1", get(info::api))
        .route("/api/v1/", get(info::api))
        .route("/api/v1/web/{*address}", any(web::invoke))
        .route(
            &v1("/web/whisk.system/apimgmt/{call}"),
            get(gateway::manage::list).post(gateway::manage::create).delete(gateway::manage::delete),
        )
        .route("/api/gw/{*address}", any(gateway::serve::serve))
        .route(&v1("/namespaces"), get(namespaces::list))
        .route(&v1("/namespaces/"), get(namespaces::list))
        .route(&v1("/namespaces/{ns}/limits"), get(namespaces::limits))
        .route(&v1("/namespaces/{ns}/limits/"), get(namespaces::limits))
        .route(&v1("/namespaces/{ns}/limits/{name}"), get(namespaces::limits_inner))
        .route(&v1("/namespaces/{ns}/actions"), get(actions::list))
        .route(&v1("/namespaces/{ns}/actions/"), get(actions::list))
        .route(
            &v1("/namespaces/{ns}/actions/{name}"),
            get(actions::get).put(actions::put).post(actions::invoke).delete(actions::delete),
        )
        .route(&v1("/namespaces/{ns}/actions/{name}/"), get(actions::list_package))
        .route(
            &v1("/namespaces/{ns}/actions/{name}/{inner}"),
            get(actions::get).put(actions::put).post(actions::invoke).delete(actions::delete),
        )
        .route(&v1("/namespaces/{ns}/triggers"), get(triggers::list))
        .route(&v1("/namespaces/{ns}/triggers/"), get(triggers::list))
        .route(
            &v1("/namespaces/{ns}/triggers/{name}"),
            get(triggers::get).put(triggers::put).post(triggers::fire).delete(triggers::delete),
        )
        .route(&v1("/namespaces/{ns}/alarms"), get(alarms::list))
        .route(&v1("/namespaces/{ns}/alarms/"), get(alarms::list))
        .route(&v1("/namespaces/{ns}/alarms/{name}"), get(alarms::get))
        .route(&v1("/namespaces/{ns}/alarms/{name}/run"), post(alarms::run))
        .route(&v1("/namespaces/{ns}/alarms/{name}/pause"), post(alarms::pause))
        .route(&v1("/namespaces/{ns}/alarms/{name}/resume"), post(alarms::resume))
        .route(&v1("/namespaces/{ns}/rules"), get(rules::list))
        .route(&v1("/namespaces/{ns}/rules/"), get(rules::list))
        .route(
            &v1("/namespaces/{ns}/rules/{name}"),
            get(rules::get).put(rules::put).post(rules::set_status).delete(rules::delete),
        )
        .route(&v1("/namespaces/{ns}/packages"), get(packages::list))
        .route(&v1("/namespaces/{ns}/packages/"), get(packages::list))
        .route(&v1("/namespaces/{ns}/packages/{name}"), get(packages::get).put(packages::put).delete(packages::delete))
        .route(&v1("/namespaces/{ns}/audit"), get(audit::list))
        .route(&v1("/namespaces/{ns}/audit/"), get(audit::list))
        .route(&v1("/namespaces/{ns}/activations"), get(activations::list))
        .route(&v1("/namespaces/{ns}/activations/"), get(activations::list))
        .route(&v1("/namespaces/{ns}/activations/{id}"), get(activations::get))
        .route(&v1("/namespaces/{ns}/activations/{id}/"), get(activations::get))
        .route(&v1("/namespaces/{ns}/activations/{id}/logs"), get(activations::logs))
        .route(&v1("/namespaces/{ns}/activations/{id}/result"), get(activations::result))
        .route(&v1("/namespaces/{ns}/activations/{id}/status"), get(own_activations::status::status))
        .route(&v1("/namespaces/{ns}/activations/{id}/input"), get(own_activations::manage::input))
        .route(&v1("/namespaces/{ns}/activations/{id}/cancel"), post(own_activations::manage::cancel))
        .route(&v1("/namespaces/{ns}/activations/{id}/rerun"), post(own_activations::manage::rerun))
        .route(&v1("/namespaces/{ns}/dead-letters"), get(dead_letters::list).delete(dead_letters::purge_all))
        .route(&v1("/namespaces/{ns}/dead-letters/redrive"), post(dead_letters::redrive_all))
        .route(&v1("/namespaces/{ns}/dead-letters/{id}"), get(dead_letters::get).delete(dead_letters::purge))
        .route(&v1("/namespaces/{ns}/dead-letters/{id}/redrive"), post(dead_letters::redrive))
        .route(&v1("/namespaces/{ns}/callbacks"), get(callbacks::list))
        .route(&v1("/namespaces/{ns}/callbacks/"), get(callbacks::list))
        .route(&v1("/namespaces/{ns}/callbacks/settings"), get(callbacks::settings).put(callbacks::put_settings))
        .route(&v1("/namespaces/{ns}/callbacks/settings/rotate"), post(callbacks::rotate))
        .route(&v1("/namespaces/{ns}/callbacks/{id}"), get(callbacks::get).delete(callbacks::cancel))
        .route(&v1("/namespaces/{ns}/callbacks/{id}/retry"), post(callbacks::retry))
        .route(&v1("/namespaces/{ns}/tasks"), get(tasks::list))
        .route(&v1("/namespaces/{ns}/tasks/"), get(tasks::list))
        .fallback(transaction::unknown_url)
        .method_not_allowed_fallback(transaction::method_not_allowed)
        .with_state(app.clone());
    Router::new().fallback_service(routes).layer(axum::middleware::from_fn_with_state(app, transaction::layer))
}

/// A path of version 1 of the API.
fn v1(path: &str) -> String {
    format!("/api/v1{path}")
}
