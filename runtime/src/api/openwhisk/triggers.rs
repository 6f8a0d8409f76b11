//! `/namespaces/{ns}/triggers`. rest.md §6.1, §6.4.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use wask_model::{
    ActivationId, Arguments, Collection, FullName, IdempotencyKey, NamespaceName, Subscription, Trigger, Weight as _,
};
use wask_store::StoredEntity;

use super::documents::trigger;
use super::entities::answer;
use crate::api::App;
use crate::api::http::{
    Caller, ETag, EXTRA_LOGGING, Params, Rejection, Segments, TransactionId, WriteHeaders, accepted, answers, body,
    idempotency,
};
use crate::api::wask::callbacks;
use crate::catalog::Selection;
use crate::firing::Fire;
use crate::gate::rights;
use crate::idempotency::{Door, KeyedRequest};

/// `GET triggers`: summaries · with `count=true` their number.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
) -> Result<Response, Rejection> {
    let namespace = path.own_namespace(&caller)?;
    answer(&app, &caller.identity.namespace, Selection::new(namespace, Collection::Triggers), &params).await
}

/// `GET triggers/{name}`: the document · 404 · 409.
pub async fn get(State(app): State<App>, caller: Caller, path: Segments) -> Result<(ETag, Response), Rejection> {
    let name = path.target(&caller)?.full_name()?;
    rights::own_entity(&caller.identity, &name)?;
    let stored = app.catalog.stored_trigger(&name).await?;
    shown(&app, &caller, stored).await
}

/// `PUT triggers/{name}`: creates; with `overwrite=true` creates or changes · 400 · 409 · 412 · 413.
pub async fn put(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
    headers: WriteHeaders,
    request: Request<Body>,
) -> Result<(ETag, Response), Rejection> {
    let name = path.writable(&caller)?;
    app.gate.store(&caller.identity)?;
    let own = &caller.identity.namespace;
    let patch = trigger::read(&*body::document(&app, own, request, app.limits.document_bytes).await?)?;
    let stored = app.catalog.put_trigger(&name, patch, params.overwrite()?, &headers.write_by(&caller)?).await?;
    shown(&app, &caller, stored).await
}

async fn shown(app: &App, caller: &Caller, stored: StoredEntity<Trigger>) -> Result<(ETag, Response), Rejection> {
    let StoredEntity { revision, value } = stored;
    let weight = value.parameters.weight() + value.annotations.weight();
    let document = move || trigger::document(&value);
    Ok((ETag(revision), answers::entity(app, &caller.identity.namespace, weight, document).await?))
}

/// `DELETE triggers/{name}`: the document that was removed · 404 · 409 · 412.
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    headers: WriteHeaders,
) -> Result<Json<Value>, Rejection> {
    let name = path.writable(&caller)?;
    Ok(Json(trigger::document(&app.catalog.delete_trigger(&name, &headers.write_by(&caller)?).await?)))
}

/// `POST triggers/{name}`: 202 `{activationId}` · 204 when no rule is active · 404 · 413 · 422 if another request used
/// the idempotency key · 429.
pub async fn fire(
    State(app): State<App>,
    transaction: TransactionId,
    caller: Caller,
    path: Segments,
    request: Request<Body>,
) -> Result<Response, Rejection> {
    let trigger = path.target(&caller)?.full_name()?;
    let accepted_at = app.clock.now();
    let key = idempotency::key(request.headers())?;
    app.admission.admit_firing(&caller.identity, &trigger, accepted_at)?;
    let headers = Some(headers_for_actions(request.headers()));
    let (payload, asked, _room) = callbacks::payload(&app, &caller.identity, request).await?;
    let key = key.map(|key| keyed(key, &caller.identity.namespace, &trigger, (&payload, &asked)));
    let (id, context) = (ActivationId::new(accepted_at), caller.context(transaction, accepted_at));
    let fire = Fire { id, identity: caller.identity, trigger, payload, headers, context, callback: None };
    let fired = app.firing.receive(fire, asked, key).await?;
    match fired {
        Some(reply) => Ok(idempotency::answered(reply.map(accepted))),
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// The parts that a retry must repeat: the trigger, the payload and the callback.
fn keyed(
    key: IdempotencyKey,
    namespace: &NamespaceName,
    trigger: &FullName,
    (payload, callback): (&Arguments, &Option<Subscription>),
) -> KeyedRequest {
    let (trigger, payload) = (trigger.to_string(), json!(payload).to_string());
    let callback = json!(callback).to_string();
    let parts: [&[u8]; 4] = [b"POST trigger", trigger.as_bytes(), payload.as_bytes(), callback.as_bytes()];
    KeyedRequest::new(namespace.clone(), key, Door::Api, &parts)
}

/// The headers that actions see: lower-case names and text values, without the caller's credentials and without headers
/// that are for the server only.
fn headers_for_actions(headers: &HeaderMap) -> Value {
    let hidden = [AUTHORIZATION, COOKIE, EXTRA_LOGGING, callbacks::URL, callbacks::OPTIONS];
    let shown = headers.iter().filter(|(name, _)| !hidden.contains(name));
    let texts = shown.filter_map(|(name, value)| Some((name.to_string(), Value::from(value.to_str().ok()?))));
    Value::Object(texts.collect::<Map<String, Value>>())
}
