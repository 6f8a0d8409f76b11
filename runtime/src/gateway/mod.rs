//! The gateway: the APIs of each namespace, and which web action a path below them leads to. It knows nothing of HTTP
//! except the names of its methods.

mod table;

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use wask_model::setting::{MILLION, OutOfRange, check_ranges};
use wask_model::{Api, ApiName, BasePath, Failure, NamespaceName, PathPattern, Route, Verb, Weight, messages};
use wask_store::{ApiBounds, ApiPutOutcome, GatewayStore};

pub use table::{Destination, Lookup};

use crate::outside_changes::Subscriber;
use crate::read_through::{CacheBound, ReadThrough};
use crate::retry::{self, TRIES};

/// Bounds of the gateway; settings below `gateway.`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayConfig {
    /// How many routes a namespace may have.
    pub routes_per_namespace: u64,
    /// How many bytes one createApi request may have, with its document.
    pub document_bytes: u64,
    /// How many paths, and how many operations, an uploaded document may have.
    pub document_operations: u64,
    /// How many bytes all APIs of a namespace may have as stored.
    pub namespace_bytes: u64,
    /// For how many namespaces the routes are kept in memory.
    pub cached_namespaces: usize,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        GatewayConfig {
            routes_per_namespace: 500,
            document_bytes: 1 << 20,
            document_operations: 1000,
            namespace_bytes: 8 << 20,
            cached_namespaces: 1000,
        }
    }
}

impl GatewayConfig {
    /// `Err` is the first setting outside its range.
    pub fn check(&self) -> Result<(), OutOfRange> {
        check_ranges([
            ("routes_per_namespace", self.routes_per_namespace, 0..=MILLION),
            ("document_bytes", self.document_bytes, 1..=1 << 30),
            ("document_operations", self.document_operations, 1..=100_000),
            ("namespace_bytes", self.namespace_bytes, 1..=1 << 30),
            ("cached_namespaces", self.cached_namespaces as u64, 1..=MILLION),
        ])
    }
}

/// Selects APIs of a namespace, and routes of them.
#[derive(Clone, Debug, Default)]
pub struct RouteSelection {
    /// The base path of an API if it begins with a slash, otherwise its name.
    pub api: Option<String>,
    pub path: Option<String>,
    pub verb: Option<Verb>,
}

impl RouteSelection {
    fn has_api(&self, api: &Api) -> bool {
        match &self.api {
            None => true,
            Some(base) if base.starts_with('/') => same_path(base, api.base_path.as_str()),
            Some(name) => name == api.name.as_str(),
        }
    }

    fn has_route(&self, route: &Route) -> bool {
        let path = self.path.as_ref().is_none_or(|path| same_path(path, route.path.as_str()));
        path && self.verb.is_none_or(|verb| verb == route.verb)
    }
}

/// Compares two paths; a slash at the end does not matter.
fn same_path(given: &str, stored: &str) -> bool {
    given == stored || given.trim_end_matches('/') == stored.trim_end_matches('/')
}

/// The APIs of all namespaces.
pub struct Gateway {
    store: Arc<dyn GatewayStore>,
    pub config: GatewayConfig,
    /// Without the parts that only people read: documents and operations.
    served: ReadThrough<NamespaceName, Arc<Vec<Api>>>,
}

impl Gateway {
    /// `cached_bytes`: how many bytes of routes may be kept in memory.
    pub fn new(store: Arc<dyn GatewayStore>, config: GatewayConfig, cached_bytes: u64) -> Self {
        let bound = CacheBound { values: config.cached_namespaces, bytes: cached_bytes };
        let served = ReadThrough::new(bound, |apis: &Arc<Vec<Api>>| apis.iter().map(Weight::weight).sum());
        Gateway { store, config, served }
    }

    /// Where a path below the prefix of a namespace leads to. `path` is percent-encoded, as in the request.
    pub async fn find(&self, namespace: &NamespaceName, path: &str, verb: Option<Verb>) -> Result<Lookup, Failure> {
        let apis = self.served(namespace).await?;
        Ok(table::find(&apis, path, verb))
    }

    /// The selected APIs with their selected routes, without APIs that have none.
    pub async fn list(&self, namespace: &NamespaceName, wanted: &RouteSelection) -> Result<Vec<Api>, Failure> {
        let mut apis = self.store.apis(namespace).await?;
        apis.retain(|api| wanted.has_api(api));
        for api in &mut apis {
            api.routes.retain(|route| wanted.has_route(route));
        }
        apis.retain(|api| !api.routes.is_empty());
        Ok(apis)
    }

    /// Adds a route, or replaces the one with its path and verb, and returns its API. `name` is used for a new API
    /// only.
    pub async fn put_route(
        &self,
        namespace: &NamespaceName,
        base_path: &BasePath,
        name: Option<ApiName>,
        route: Route,
    ) -> Result<Api, Failure> {
        let name = match name {
            Some(name) => name,
            None => base_path.as_str().chars().take(256).collect::<String>().parse()?,
        };
        let fresh = Api { base_path: base_path.clone(), name, routes: Vec::new(), document: None };
        self.change(namespace, base_path, |old| {
            let mut api = old.cloned().unwrap_or_else(|| fresh.clone());
            api.put(route.clone());
            api
        })
        .await
    }

    /// Stores the API and replaces the one at its base path.
    pub async fn put_api(&self, namespace: &NamespaceName, api: Api) -> Result<Api, Failure> {
        let base_path = api.base_path.clone();
        self.change(namespace, &base_path, |_| api.clone()).await
    }

    /// Removes the selected routes, and an API with its last route. 404 if nothing is selected.
    pub async fn delete(&self, namespace: &NamespaceName, wanted: &RouteSelection) -> Result<(), Failure> {
        retry::compare_and_swap(TRIES, || self.try_delete(namespace, wanted)).await
    }

    async fn try_delete(&self, namespace: &NamespaceName, wanted: &RouteSelection) -> Result<Option<()>, Failure> {
        let apis = self.store.apis(namespace).await?;
        let name = wanted.api.clone().unwrap_or_default();
        let api = apis.iter().find(|api| wanted.has_api(api));
        let api = api.ok_or_else(|| Failure::NotFound(messages::gateway::not_found(&name)))?;
        let mut left = api.clone();
        left.routes.retain(|route| !wanted.has_route(route));
        if left.routes.len() == api.routes.len() && !api.routes.is_empty() {
            return Err(Failure::NotFound(nothing_selected(&name, wanted)));
        }
        let swapped = if left.routes.is_empty() {
            self.store.delete_api(namespace, api).await
        } else {
            let put = self.store.put_api(namespace, Some(api), left, UNBOUNDED).await;
            put.map(|put| put != ApiPutOutcome::Changed)
        };
        self.served.forget(namespace);
        Ok(swapped?.then_some(()))
    }

    async fn change(
        &self,
        namespace: &NamespaceName,
        base_path: &BasePath,
        change: impl Fn(Option<&Api>) -> Api,
    ) -> Result<Api, Failure> {
        let bounds = ApiBounds { routes: self.config.routes_per_namespace, bytes: self.config.namespace_bytes };
        retry::compare_and_swap(TRIES, || async {
            let apis = self.store.apis(namespace).await?;
            let was = apis.iter().find(|api| api.base_path == *base_path);
            let becomes = change(was);
            let put = self.store.put_api(namespace, was, becomes.clone(), bounds).await;
            self.served.forget(namespace);
            match put? {
                ApiPutOutcome::Stored => Ok(Some(becomes)),
                ApiPutOutcome::Changed => Ok(None),
                ApiPutOutcome::TooManyRoutes(count) => {
                    Err(Failure::TooLarge(messages::gateway::too_many_routes(count, bounds.routes)))
                }
                ApiPutOutcome::TooLarge(size) => {
                    let what = "The APIs of the namespace";
                    Err(Failure::TooLarge(messages::larger_than_allowed(what, size, bounds.bytes)))
                }
            }
        })
        .await
    }

    async fn served(&self, namespace: &NamespaceName) -> Result<Arc<Vec<Api>>, Failure> {
        let read = || async { Ok(Arc::new(self.store.served_apis(namespace).await?)) };
        self.served.get_or_read(namespace, read).await
    }
}

#[async_trait]
impl Subscriber for Gateway {
    async fn outside_change(&self) -> Result<(), Failure> {
        self.served.forget_all();
        Ok(())
    }
}

/// A change that removes routes is never refused.
const UNBOUNDED: ApiBounds = ApiBounds { routes: u64::MAX, bytes: u64::MAX };

fn nothing_selected(api: &str, wanted: &RouteSelection) -> wask_model::Message {
    let path = wanted.path.as_deref().unwrap_or_default();
    match wanted.verb {
        Some(verb) => messages::gateway::operation_not_found(api, path, verb.as_str()),
        None => messages::gateway::path_not_found(api, path),
    }
}

/// Parses a path pattern; a slash at the end does not matter.
pub fn path_pattern(text: &str) -> Result<PathPattern, Failure> {
    trimmed(text).parse()
}

/// Parses a base path; a slash at the end does not matter.
pub fn base_path(text: &str) -> Result<BasePath, Failure> {
    trimmed(text).parse()
}

fn trimmed(text: &str) -> &str {
    match text.trim_end_matches('/') {
        "" if text.starts_with('/') => "/",
        other => other,
    }
}
