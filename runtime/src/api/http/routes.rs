//! How the wings write their route tables.

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::HeaderValue;
use axum::http::header::ALLOW;
use axum::response::{IntoResponse, Response};
use axum::routing::{self, MethodRouter};

use super::transaction::method_not_allowed;
use crate::api::{API, App};

/// The routes of one wing.
pub struct Routes(Router<App>);

impl Routes {
    pub fn new() -> Self {
        Routes(Router::new())
    }

    /// A path that is not a REST resource. Its GET also answers HEAD.
    pub fn route(self, path: &str, methods: Methods) -> Self {
        Routes(self.0.route(path, methods.router))
    }

    /// A REST resource; `path` follows `/api/v1`.
    pub fn resource(self, path: &str, methods: Methods) -> Self {
        Routes(self.0.route(&format!("{API}{path}"), methods.without_head()))
    }

    /// A REST resource that also answers with a slash at the end of its path, as collections do.
    pub fn both(self, path: &str, methods: Methods) -> Self {
        self.resource(path, methods.clone()).resource(&format!("{path}/"), methods)
    }

    pub fn into_router(self) -> Router<App> {
        self.0
    }
}

/// The handlers of one path, by method. As in axum, a handler of GET also answers HEAD.
#[derive(Clone, Default)]
pub struct Methods {
    router: MethodRouter<App>,
    /// As axum lists them in `Allow`.
    offered: Vec<&'static str>,
}

pub fn get<T: 'static>(handler: impl Handler<T, App>) -> Methods {
    Methods { router: routing::get(handler), offered: vec!["GET", "HEAD"] }
}

pub fn post<T: 'static>(handler: impl Handler<T, App>) -> Methods {
    Methods::default().post(handler)
}

pub fn any<T: 'static>(handler: impl Handler<T, App>) -> Methods {
    Methods { router: routing::any(handler), offered: Vec::new() }
}

impl Methods {
    pub fn put<T: 'static>(self, handler: impl Handler<T, App>) -> Self {
        Methods { router: self.router.put(handler), ..self }.offering("PUT")
    }

    pub fn post<T: 'static>(self, handler: impl Handler<T, App>) -> Self {
        Methods { router: self.router.post(handler), ..self }.offering("POST")
    }

    pub fn delete<T: 'static>(self, handler: impl Handler<T, App>) -> Self {
        Methods { router: self.router.delete(handler), ..self }.offering("DELETE")
    }

    fn offering(mut self, method: &'static str) -> Self {
        self.offered.push(method);
        self
    }

    /// Refuses HEAD like any method that the resource does not have. rest.md §1.7.
    fn without_head(self) -> MethodRouter<App> {
        if !self.offered.contains(&"HEAD") {
            return self.router;
        }
        let allow = HeaderValue::from_str(&self.offered.join(",")).expect("names of methods are a header value");
        self.router.head(|state: State<App>, request: Request| async move {
            let mut refused: Response = method_not_allowed(state, request).await.into_response();
            refused.headers_mut().insert(ALLOW, allow);
            refused
        })
    }
}
