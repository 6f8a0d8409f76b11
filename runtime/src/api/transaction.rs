//! The outermost layer: the transaction id of a request, the body of every error, the headers of every answer, and the
//! one log line.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tracing::{debug, error};
use wask_model::messages;

use super::App;
use super::caller::Caller;
use super::rejection::{Refused, Rejection};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const API: &str = "/api/v1";
const WEB: &str = "/api/v1/web";
/// Bytes of path and query. REST contract §1.1.
const LONGEST_URI: usize = 8 << 10;

/// The id of one HTTP request; `code` in its error, `X-Request-ID` on its response.
#[derive(Clone)]
pub struct TransactionId(pub Arc<str>);

impl TransactionId {
    /// The client's own id, unless it looks like one of the reference's or cannot be echoed; else a random one.
    fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        match given.filter(|id| !id.is_empty() && id.len() <= 128 && !id.starts_with("sid_")) {
            Some(id) => TransactionId(id.into()),
            None => TransactionId(format!("{:032x}", fastrand::u128(..)).into()),
        }
    }
}

/// Wraps every request of every route.
pub async fn layer(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = TransactionId::of(request.headers());
    let started = app.clock.passed();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    request.extensions_mut().insert(id.clone());

    let is_web = is_web(&path);
    let length = request.uri().path_and_query().map_or(0, |uri| uri.as_str().len());
    let response = match () {
        () if LONGEST_URI < length => uri_too_long(length).into_response(),
        () if method == Method::OPTIONS && !is_web => options(&path),
        () => next.run(request).await,
    };
    let mut response = match response.extensions().get::<Refused>().cloned() {
        Some(refused) => with_error_body(response, &refused, &id),
        None => response,
    };
    if path.starts_with(API) && !is_web {
        add_cors(response.headers_mut(), "GET, DELETE, POST, PUT, HEAD");
    }
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let (status, took) = (response.status().as_u16(), app.clock.passed().saturating_sub(started));
    debug!(transaction = %id.0, %method, path, status, took_us = took.as_micros() as u64, "answered");
    response
}

/// Below it nobody needs a key, whether or not there is such a web action.
fn is_web(path: &str) -> bool {
    path.strip_prefix(WEB).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `{"error", "code"}`; a cause that the caller is not told goes to the log.
fn with_error_body(response: Response, refused: &Refused, id: &TransactionId) -> Response {
    if let (true, Some(cause)) = (response.status().is_server_error(), &refused.cause) {
        error!(transaction = %id.0, ?cause, "request failed");
    }
    let body = json!({ "error": refused.message, "code": &*id.0 });
    let text = if refused.pretty { serde_json::to_string_pretty(&body) } else { serde_json::to_string(&body) };
    let (mut parts, _) = response.into_parts();
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, Body::from(text.expect("a JSON value always serializes")))
}

fn uri_too_long(length: usize) -> Rejection {
    Rejection::Http(StatusCode::URI_TOO_LONG, messages::uri_too_long(length, LONGEST_URI))
}

/// `OPTIONS` on anything but a web action: REST contract §1.7.
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

/// No such URL: 401 below the API without credentials, 404 otherwise. REST contract §1.3.
pub async fn unknown_url(State(app): State<App>, request: Request) -> Rejection {
    let path = request.uri().path();
    if path.starts_with(API)
        && !is_web(path)
        && let Err(rejection) = Caller::of(&app, request.headers()).await
    {
        return rejection;
    }
    Rejection::Http(StatusCode::NOT_FOUND, messages::URL_NOT_FOUND.into())
}

/// The URL exists, but not with this method.
pub async fn method_not_allowed(State(app): State<App>, request: Request) -> Rejection {
    let path = request.uri().path();
    if path.starts_with(API)
        && let Err(rejection) = Caller::of(&app, request.headers()).await
    {
        return rejection;
    }
    let segments = path.trim_end_matches('/').split('/').count();
    // …/actions/ with an empty name is an entity that cannot be, not a collection
    let nameless = path.ends_with('/') && matches!(*request.method(), Method::PUT | Method::DELETE);
    if nameless && 6 <= segments {
        return Rejection::Http(StatusCode::NOT_FOUND, messages::URL_NOT_FOUND.into());
    }
    let is_entity = path.starts_with("/api/v1/namespaces/") && 7 <= segments && !path.contains("/activations/");
    Rejection::Method(if is_entity { "GET, PUT, POST, DELETE" } else { "GET" })
}
