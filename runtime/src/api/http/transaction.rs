//! The outermost layer: gives every request its transaction id, every error its body and every response its headers,
//! and writes one log line per request.

use std::panic::AssertUnwindSafe;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW,
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use serde_json::json;
use tracing::{debug, error};
use wask_model::{Failure, messages};

use super::accept::check_resource;
use super::answers;
use super::caller::Caller;
use super::headers::REQUEST_ID;
use super::refused_early::RefusedEarly;
use super::rejection::{Refusal, Rejection};
use super::sites::{Site, keep_apart};
use super::transaction_id::TransactionId;
use crate::api::{API, App, GATEWAY, WEB};

/// Bytes of path and query. rest.md §1.1.
const LONGEST_URI: usize = 8 << 10;

/// Wraps every request of every route.
pub async fn layer(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = TransactionId::from_headers(request.headers());
    let started = app.clock.passed();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let path = uri.path();
    let key = request.headers().get(AUTHORIZATION).cloned();
    request.extensions_mut().insert(id.clone());

    let is_web = is_web(path);
    let entered = check_length(&request).and_then(|()| app.sites.enter(&request));
    let is_apart = matches!(entered, Ok(Site::WebOnly));
    let response = match entered {
        _ if let Some(refused) = RefusedEarly::answer(&request) => refused,
        Err(refused) => refused.into_response(),
        Ok(_) if is_web => answered(request, next).await,
        Ok(_) if method == Method::OPTIONS => options(path),
        Ok(_) => negotiated(request, next).await,
    };
    let response = answers::charged(&app, (path, key.as_ref()), response);
    let response = with_allowed_methods(response, path);
    let mut response = with_error_body(response, &id);
    if path.starts_with(API) && !is_web {
        add_cors(response.headers_mut(), "GET, DELETE, POST, PUT, HEAD");
    }
    if is_web && !is_apart {
        keep_apart(response.headers_mut());
    }
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    if method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    let (status, took) = (response.status().as_u16(), app.clock.passed().saturating_sub(started));
    debug!(transaction = %id.0, %method, path, status, took_us = took.as_micros() as u64, "answered");
    response
}

fn check_length(request: &Request) -> Result<(), Rejection> {
    let length = request.uri().path_and_query().map_or(0, |uri| uri.as_str().len());
    if length <= LONGEST_URI {
        return Ok(());
    }
    Err(Rejection::Http(StatusCode::URI_TOO_LONG, messages::uri_too_long(length, LONGEST_URI)))
}

/// Anything but a web action: the response must have a type that `Accept` admits. rest.md §1.7.
async fn negotiated(request: Request, next: Next) -> Response {
    let accept: HeaderMap = request.headers().get_all(ACCEPT).iter().map(|line| (ACCEPT, line.clone())).collect();
    let response = answered(request, next).await;
    let unwanted = response.headers().get(CONTENT_TYPE).map(|kind| check_resource(&accept, response.status(), kind));
    match unwanted {
        Some(Err(message)) => Rejection::Http(StatusCode::NOT_ACCEPTABLE, message).into_response(),
        Some(Ok(())) | None => response,
    }
}

/// The answer of the routes. A defect that panics ends the request that meets it and nothing else. threats.md F30.
async fn answered(request: Request, next: Next) -> Response {
    let caught = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    caught.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text");
        Rejection::from(Failure::Internal(anyhow::anyhow!("panic: {text}"))).into_response()
    })
}

fn is_resource(path: &str) -> bool {
    path.starts_with("/api/v1/namespaces")
}

/// Repeats `Allow` in the body of a 405, unless it is a web action's own response.
fn with_allowed_methods(mut response: Response, path: &str) -> Response {
    let is_refused = response.extensions().get::<Refusal>().is_some();
    if !is_refused || response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    let known = response.headers().get(ALLOW).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let offered = known.split(',').map(str::trim).filter(|method| *method != "HEAD" || !is_resource(path));
    let supported = offered.collect::<Vec<_>>().join(", ");
    let message = messages::method_not_allowed(&supported);
    if let Ok(value) = HeaderValue::from_str(&supported) {
        response.headers_mut().insert(ALLOW, value);
    }
    response.extensions_mut().insert(Refusal { message, pretty: false, cause: None });
    response
}

/// Whether the path is one that needs no key, even if it leads to no web action.
fn is_web(path: &str) -> bool {
    let is_root = WEB.strip_suffix('/') == Some(path);
    is_root || path.starts_with(WEB) || path.starts_with(GATEWAY)
}

/// Writes `{"error", "code"}` if the request was refused. The cause of a server error goes to the log, not to the
/// caller.
fn with_error_body(response: Response, id: &TransactionId) -> Response {
    let Some(refused) = response.extensions().get::<Refusal>().cloned() else { return response };
    if let (true, Some(cause)) = (response.status().is_server_error(), &refused.cause) {
        error!(transaction = %id.0, ?cause, "request failed");
    }
    let body = json!({ "error": refused.message, "code": &*id.0 });
    let text = if refused.pretty { serde_json::to_string_pretty(&body) } else { serde_json::to_string(&body) };
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(CONTENT_LENGTH); // the length of the replaced body
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, Body::from(text.expect("a JSON value always serializes")))
}

/// `OPTIONS` on any path but a web action's. rest.md §1.7.
fn options(path: &str) -> Response {
    let mut response = "OK".into_response();
    if !path.starts_with(API) {
        add_cors(response.headers_mut(), "OPTIONS, GET, POST");
    }
    response
}

fn add_cors(headers: &mut HeaderMap, methods: &'static str) {
    const ALLOWED: &str = "Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent";
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
}

/// Answers an unknown URL: 401 below the API without valid credentials, otherwise 404. rest.md §1.3.
pub async fn unknown_url(State(app): State<App>, request: Request) -> Rejection {
    let path = request.uri().path();
    if path.starts_with(API)
        && !is_web(path)
        && let Err(rejection) = Caller::authenticate(&app, request.headers(), request.extensions()).await
    {
        return rejection;
    }
    Rejection::Http(StatusCode::NOT_FOUND, messages::URL_NOT_FOUND.into())
}

/// Answers a method that the URL does not support.
pub async fn method_not_allowed(State(app): State<App>, request: Request) -> Rejection {
    let path = request.uri().path();
    if path.starts_with(API)
        && let Err(rejection) = Caller::authenticate(&app, request.headers(), request.extensions()).await
    {
        return rejection;
    }
    // `…/actions/` with PUT or DELETE means an entity with an empty name, which cannot exist, not the collection
    let is_nameless = path.ends_with('/') && 6 <= path.trim_end_matches('/').split('/').count();
    if is_nameless && matches!(*request.method(), Method::PUT | Method::DELETE) {
        return Rejection::Http(StatusCode::NOT_FOUND, messages::URL_NOT_FOUND.into());
    }
    Rejection::MethodNotAllowed
}
