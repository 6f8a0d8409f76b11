//! `/namespaces/{ns}/actions`. rest.md §3.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use wask_model::{Action, Activation, Collection, IdempotencyKey, Status, Weight as _, messages};

use super::documents::action;
use super::entities;
use crate::api::App;
use crate::api::http::{
    Caller, ETag, Params, Rejection, Segments, TransactionId, WriteHeaders, accepted, answers, body, idempotency,
    wants_extra_logging, with_activation_id,
};
use crate::api::wask::callbacks::{self, first_callback, with_callback};
use crate::catalog::Selection;
use crate::gate::rights;
use crate::idempotency::{Door, KeyedRequest, Reply};
use crate::invoke::{Context, Invocation, Invoked, Wait};

/// `GET actions`: summaries, including packaged actions · with `count=true` their number.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
) -> Result<Response, Rejection> {
    let target = path.target(&caller)?;
    rights::own_namespace(&caller.identity, &target.namespace)?;
    let all = Selection::new(target.namespace, Collection::Actions);
    entities::answer(&app, &caller.identity.namespace, Selection { package: target.package, ..all }, &params).await
}

/// `GET actions/{pkg}/`: the actions of one package; of a binding, the provider's · 403 · 404 · 409.
pub async fn list_package(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
) -> Result<Response, Rejection> {
    let package = path.target(&caller)?.full_name()?;
    app.catalog.may_read_package(&caller.identity, &package).await?;
    entities::answer(&app, &caller.identity.namespace, app.catalog.actions_of(&package).await?, &params).await
}

/// `GET actions/{name}`: the document, with its code unless `code=false` · 403 · 404 · 409.
pub async fn get(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    params: Params,
) -> Result<(ETag, Response), Rejection> {
    let name = path.target(&caller)?.full_name()?;
    app.catalog.may_read_action(&caller.identity, &name).await?;
    let with_code = params.flag("code", true)?;
    let view = app.catalog.action(&name).await?;
    if !with_code {
        let weight = view.action.parameters.weight() + view.action.annotations.weight();
        let (revision, document) = (view.revision, move || action::document_without_code(&view));
        return Ok((ETag(revision), answers::entity(&app, &caller.identity.namespace, weight, document).await?));
    }
    let code = app.catalog.code(&view.action).await?;
    Ok((ETag(view.revision), document_with_code(&app, &caller, view.action, code).await?))
}

/// The document of an action with its code, which may be large.
async fn document_with_code(
    app: &App,
    caller: &Caller,
    action: Action,
    code: Option<String>,
) -> Result<Response, Rejection> {
    let size = code.as_ref().map_or(0, String::len) as u64;
    let weight = size + action.parameters.weight() + action.annotations.weight();
    let document = move || action::document(&action, code);
    answers::entity(app, &caller.identity.namespace, weight, document).await
}

/// `PUT actions/{name}`: creates; with `overwrite=true` creates or changes · 400 · 404 package · 409 · 412 · 413.
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
    app.catalog.check_package(&name).await?; // before the body is read: rest.md §1.4
    let own = &caller.identity.namespace;
    let (document, _room) = body::document(&app, own, request, app.limits.request_bytes).await?.apart();
    let patch = action::read(document, own, &app.limits)?;
    let overwrite = params.overwrite()?;
    let stored = app.catalog.put_action(&name, patch, overwrite, &headers.write_by(&caller)?).await?;
    let code = app.catalog.code(&stored.value).await?;
    Ok((ETag(stored.revision), document_with_code(&app, &caller, stored.value, code).await?))
}

/// `DELETE actions/{name}`: the document that was removed · 404 · 409 · 412.
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    path: Segments,
    headers: WriteHeaders,
) -> Result<Response, Rejection> {
    let name = path.writable(&caller)?;
    let (action, code) = app.catalog.delete_action(&name, &headers.write_by(&caller)?).await?;
    document_with_code(&app, &caller, action, code).await
}

/// `POST actions/{name}`: 200 record or result · 202 `{activationId}` when not blocking or still running · 404 · 413 ·
/// 422 if another request used the idempotency key · 429 · 502 when the action failed. rest.md §3.6.
pub async fn invoke(
    State(app): State<App>,
    transaction: TransactionId,
    caller: Caller,
    path: Segments,
    params: Params,
    request: Request<Body>,
) -> Result<Response, Rejection> {
    let action = path.target(&caller)?.full_name()?;
    let accepted_at = app.clock.now();
    let key = idempotency::key(request.headers())?;
    app.admission.count_and_ask(&caller.identity, &action, accepted_at).await?;
    let (wait, wanted) = mode(&params, app.limits.blocking_wait_ms)?;
    let extra_logging = wants_extra_logging(request.headers());
    let (args, callback, _room) = callbacks::payload(&app, &caller.identity, request).await?;
    let context = Context { extra_logging, ..caller.context(transaction, accepted_at) };
    let identity = caller.identity.clone();
    let invocation = Invocation { identity, action, args, wait, context, callback };
    let entrance = app.admission.enter(&invocation.identity, key)?.for_request(|key| keyed(key, &invocation));
    let reply = app.invoker.invoke(invocation, entrance).await?;
    let callback = match &reply {
        Reply::First(answer) => answer.callback,
        Reply::Replayed(answer) => first_callback(&app, &caller.identity.namespace, answer.invoked.id()).await?,
    };
    Ok(idempotency::answered(reply.map(|invoked| with_callback(answer(invoked.invoked, wanted), callback))))
}

/// The parts that a retry must repeat: the action, its arguments and the callback. Unlike the first request it can be
/// blocking or not.
fn keyed(key: IdempotencyKey, invocation: &Invocation) -> KeyedRequest {
    let (action, args) = (invocation.action.to_string(), json!(invocation.args).to_string());
    let callback = json!(invocation.callback).to_string();
    let parts: [&[u8]; 4] = [b"POST action", action.as_bytes(), args.as_bytes(), callback.as_bytes()];
    KeyedRequest::new(invocation.identity.namespace.clone(), key, Door::Api, &parts)
}

/// What a blocking caller wants to read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Record,
    Result,
}

/// `blocking`, `result` and `timeout`; the timeout is validated even for a non-blocking call.
fn mode(params: &Params, longest_ms: u64) -> Result<(Wait, Wanted), Rejection> {
    let timeout_ms = params.filter("timeout", timeout_ms)?.map_or(longest_ms, |ms| longest_ms.min(ms));
    let is_blocking = params.flag("blocking", false)?;
    let wait = if is_blocking { Wait::UpTo(Duration::from_millis(timeout_ms)) } else { Wait::No };
    let wanted = if params.flag("result", false)? { Wanted::Result } else { Wanted::Record };
    Ok((wait, wanted))
}

fn timeout_ms(text: &str) -> Result<u64, String> {
    let ms = text.parse().ok().filter(|ms| (1..=60_000).contains(ms));
    ms.ok_or_else(|| messages::INVOKE_TIMEOUT.to_owned())
}

fn answer(invoked: Invoked, wanted: Wanted) -> Response {
    match invoked {
        Invoked::Accepted(id) => accepted(id),
        Invoked::Ended(record) => {
            let response = (status_of(record.response.status), ended(&record, wanted)).into_response();
            with_activation_id(response, record.id)
        }
    }
}

/// The record or only the result. An array is always sent alone, as the reference does.
fn ended(record: &Arc<Activation>, wanted: Wanted) -> Response {
    let result = &record.response.result;
    if wanted == Wanted::Result || result.is_array() {
        Json(result).into_response()
    } else {
        Json(record.wire_of_answer()).into_response()
    }
}

fn status_of(status: Status) -> StatusCode {
    match status {
        Status::Success => StatusCode::OK,
        Status::ApplicationError | Status::DeveloperError => StatusCode::BAD_GATEWAY,
        Status::WhiskError => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
