//! HTTP in, HTTP out: handlers parse, call and render; every rule is in the rooms below.
//!
//! `http/` is what all routes share, `openwhisk/` the contract of OpenWhisk, `wask/` what is our own.

mod http;
mod openwhisk;
mod wask;

use std::sync::Arc;

use axum::Router;
use tokio_util::sync::CancellationToken;
use wask_model::Limits;
use wask_store::AuditStore;

pub use http::json::{Documents, JsonCount};
pub use http::sites::{Sites, check as check_sites};
pub use http::{HttpConfig, Server};
pub use openwhisk::web::{RawHttp, WebConfig, WebRequest};

use self::http::transaction;
use crate::alarms::Alarms;
use crate::callbacks::Callbacks;
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::firing::Firing;
use crate::gate::Gate;
use crate::gateway::Gateway;
use crate::invoke::{Admission, Invoker};
use crate::memory::Budget;

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
    pub audit: Arc<dyn AuditStore>,
    pub budget: Arc<Budget>,
    pub clock: Clock,
    pub limits: Limits,
    /// Takes turns at large documents.
    pub documents: Documents,
    pub web: WebConfig,
    /// The host names of this server, and whose pages may use the API.
    pub sites: Sites,
    /// The URL at which clients reach this API, without a trailing slash.
    pub api_host: String,
    /// Cancelled when the node begins to stop. Streams that have no end of their own stop then.
    pub closing: CancellationToken,
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Version 1 of the API.
const API: &str = "/api/v1";
/// Web actions, which need no key.
const WEB: &str = "/api/v1/web/";
/// The APIs of the gateway, by namespace.
const GATEWAY: &str = "/api/gw/";

/// Every route. The tables, one line per route, are in `openwhisk/mod.rs` and `wask/mod.rs`. rest.md §2.
///
/// The transaction layer is outermost, around the choice of a route. It gives every response its `X-Request-ID` and
/// every error its body.
pub fn router(parts: Parts) -> Router {
    let app = App(Arc::new(parts));
    let routes = Router::new()
        .merge(openwhisk::routes().into_router())
        .merge(wask::routes().into_router())
        .fallback(transaction::unknown_url)
        .method_not_allowed_fallback(transaction::method_not_allowed)
        .with_state(app.clone());
    Router::new().fallback_service(routes).layer(axum::middleware::from_fn_with_state(app, transaction::layer))
}
