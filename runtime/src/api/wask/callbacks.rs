//! `/namespaces/{ns}/callbacks`, and how an invocation or a firing asks for a callback. feeds.md §C.1, §C.3, §C.8.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use wask_model::messages::callbacks as says;
use wask_model::{
    ActivationId, Arguments, CallbackCarrier, CallbackId, CallbackState, Failure, Identity, NamespaceName, Subscription,
};
use wask_store::{CallbackQuery, KnownCallback};

use crate::api::App;
use crate::api::http::body::Room;
use crate::api::http::{Caller, Params, Rejection, Segments, body, listing};

pub const URL: HeaderName = HeaderName::from_static("x-wask-callback");
pub const OPTIONS: HeaderName = HeaderName::from_static("x-wask-callback-options");
const ID: HeaderName = HeaderName::from_static("x-wask-callback-id");

/// The payload of an invocation or a firing, the callback that the request asks for, and the memory that both take · 400
/// · 413 · 415.
pub async fn payload(
    app: &App,
    caller: &Identity,
    request: Request<Body>,
) -> Result<(Arguments, Option<Subscription>, Room), Rejection> {
    let headers = CallbackHeaders::read(request.headers())?;
    let limit = app.gate.payload_bytes(caller);
    let (mut payload, room) = body::payload(app, &caller.namespace, request, limit).await?.apart();
    let subscription = headers.subscription(&mut payload)?;
    Ok((payload, subscription, room))
}

/// The headers in which a request can ask for a callback.
struct CallbackHeaders {
    url: Option<String>,
    options: Option<String>,
}

impl CallbackHeaders {
    /// 400 if a header occurs twice or is not text.
    fn read(headers: &HeaderMap) -> Result<Self, Failure> {
        Ok(CallbackHeaders { url: single(headers, URL)?, options: single(headers, OPTIONS)? })
    }

    /// The subscription in the headers or in the body, from which it is removed · 400.
    fn subscription(&self, body: &mut Arguments) -> Result<Option<Subscription>, Failure> {
        let carrier = CallbackCarrier { url: self.url.as_deref(), options: self.options.as_deref() };
        Subscription::from_request(body, carrier)
    }
}

fn single(headers: &HeaderMap, name: HeaderName) -> Result<Option<String>, Failure> {
    let mut given = headers.get_all(name).iter();
    let Some(first) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(Failure::BadRequest(says::GIVEN_TWICE.into()));
    }
    match first.to_str() {
        Ok(text) => Ok(Some(text.to_owned())),
        Err(_) => Err(Failure::BadRequest(says::URL_NOT_ABSOLUTE.into())),
    }
}

/// Adds the id of the callback that was stored with the activation.
pub fn with_callback(mut response: Response, id: Option<CallbackId>) -> Response {
    if let Some(value) = id.and_then(|id| HeaderValue::from_str(&id.to_string()).ok()) {
        response.headers_mut().insert(ID, value);
    }
    response
}

/// The callback that was stored with an activation when it was accepted.
pub async fn first_callback(
    app: &App,
    namespace: &NamespaceName,
    activation: ActivationId,
) -> Result<Option<CallbackId>, Failure> {
    let known = app.callbacks.of(namespace, activation).await?;
    Ok(known.last().map(|known| known.callback.id))
}

/// `GET callbacks`: newest first. `state`, `activationId`, `cause`, `name`, `correlationId`, `since` and `upto` filter,
/// `count=true` returns their number · 400 · 403.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
) -> Result<Response, Rejection> {
    let namespace = path.own_namespace(&caller)?;
    let page = params.page("callbacks", &app.limits)?;
    let query = CallbackQuery {
        state: params.filter("state", state)?,
        activation: params.filter("activationId", listing::activation)?,
        cause: params.filter("cause", listing::activation)?,
        name: params.filter("name", |text| listing::full_name(text, &namespace))?,
        correlation_id: params.get("correlationId").map(str::to_owned),
        since: params.filter("since", listing::time)?,
        upto: params.filter("upto", listing::time)?,
        skip: page.skip,
        bytes: app.limits.page_bytes,
        ..CallbackQuery::new(namespace.clone(), page.limit)
    };
    if params.flag("count", false)? {
        return Ok(listing::count("callbacks", app.callbacks.count(&query).await?, page));
    }
    let known = app.callbacks.list(&query).await?;
    let known = known.map(|known| shown(&known));
    listing::bounded_page(&app, &caller.identity.namespace, (params.uri(), page.skip), known).await
}

/// `GET callbacks/{id}`: the callback with its attempts · 404.
pub async fn get(State(app): State<App>, caller: Caller, path: Segments) -> Result<Json<Value>, Rejection> {
    let (namespace, id) = path.own_id(&caller)?;
    Ok(Json(shown(&app.callbacks.get(&namespace, id).await?)))
}

/// `POST callbacks/{id}/retry`: sends the callback again, with all its retries: 202 with its document · 404 · 409
/// unless it is failed, blocked or delivered · 429 without room for one more.
pub async fn retry(State(app): State<App>, caller: Caller, path: Segments) -> Result<Response, Rejection> {
    let (_, id) = path.own_id(&caller)?;
    let known = app.callbacks.resend(&caller.identity, id).await?;
    Ok((StatusCode::ACCEPTED, Json(shown(&known))).into_response())
}

/// `DELETE callbacks/{id}`: cancels the callback and returns its document · 404 · 409 if it has ended.
pub async fn cancel(State(app): State<App>, caller: Caller, path: Segments) -> Result<Json<Value>, Rejection> {
    let (namespace, id) = path.own_id(&caller)?;
    Ok(Json(shown(&app.callbacks.cancel(&namespace, id).await?)))
}

/// `GET callbacks/settings`: the settings that apply, and where each comes from.
pub async fn settings(State(app): State<App>, caller: Caller, path: Segments) -> Result<Json<Value>, Rejection> {
    path.own_namespace(&caller)?;
    Ok(Json(app.callbacks.settings(&caller.identity).await?.document()))
}

/// `PUT callbacks/settings`: changes the given keys, removes those that are null, and returns the settings that then
/// apply · 400.
pub async fn put_settings(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    request: Request<Body>,
) -> Result<Json<Value>, Rejection> {
    path.own_namespace(&caller)?;
    let own = &caller.identity.namespace;
    let patch = body::document(&app, own, request, app.limits.document_bytes).await?;
    Ok(Json(app.callbacks.change_settings(&caller.identity, &patch).await?.document()))
}

/// `POST callbacks/settings/rotate`: creates a new `signingSecret`; the old one also signs for 24 hours.
pub async fn rotate(State(app): State<App>, caller: Caller, path: Segments) -> Result<Json<Value>, Rejection> {
    path.own_namespace(&caller)?;
    Ok(Json(app.callbacks.rotate(&caller.identity).await?.document()))
}

fn shown(known: &KnownCallback) -> Value {
    known.callback.document(known.state, known.next_attempt)
}

fn state(value: &str) -> Result<CallbackState, String> {
    let words = CallbackState::ALL.map(CallbackState::as_str);
    CallbackState::read(value).ok_or_else(|| says::not_a_state(value, &words))
}
