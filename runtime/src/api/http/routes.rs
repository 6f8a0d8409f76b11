//! How the wings write their route tables.

use axum::Router;
use axum::routing::MethodRouter;

use crate::api::{API, App};

/// The routes of one wing.
pub struct Routes(Router<App>);

impl Routes {
    pub fn new() -> Self {
        Routes(Router::new())
    }

    /// Any path that is not a REST resource.
    pub fn route(self, path: &str, methods: MethodRouter<App>) -> Self {
        Routes(self.0.route(path, methods))
    }

    /// A REST resource; `path` goes on after `/api/v1`.
    pub fn resource(self, path: &str, methods: MethodRouter<App>) -> Self {
        self.route(&format!("{API}{path}"), methods)
    }

    /// A REST resource that also answers with a slash at the end of its path, as collections do.
    pub fn both(self, path: &str, methods: MethodRouter<App>) -> Self {
        self.resource(path, methods.clone()).resource(&format!("{path}/"), methods)
    }

    pub fn into_router(self) -> Router<App> {
        self.0
    }
}
