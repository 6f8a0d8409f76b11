//! What is done to an activation: cancelled, run again, its input looked at. Not part of OpenWhisk's API.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::status;
use crate::api::App;
use crate::api::http::{Caller, Rejection, Segments, TransactionId, accepted, body};
use crate::invoke::Context;

/// `POST activations/{id}/cancel`: 202 its status; what is queued has ended with the answer, what runs ends within a moment ·
/// 404 unknown · 409 it has ended.
pub async fn cancel(State(app): State<App>, caller: Caller, path: Segments) -> Result<Response, Rejection> {
    let (namespace, id) = path.own_activation(&caller)?;
    app.invoker.cancel(&caller.identity, id).await?;
    Ok((StatusCode::ACCEPTED, Json(status::document(&app, &namespace, id).await?)).into_response())
}

/// `POST activations/{id}/rerun`: 202 `{activationId}` of the activation that runs it again, on the body if there is one · 204 it
/// was a firing, and no rule is active · 404 unknown, or not ended · 409 its input is not kept · 413 · 429.
pub async fn rerun(
    State(app): State<App>,
    transaction: TransactionId,
    caller: Caller,
    path: Segments,
    request: Request<Body>,
) -> Result<Response, Rejection> {
    let (_, id) = path.own_activation(&caller)?;
    let input = body::optional_payload(request, app.gate.payload_bytes(&caller.identity)).await?;
    let context = Context::outermost(transaction.0, app.clock.now());
    match app.firing.rerun(&app.invoker, caller.identity, (id, input), context).await? {
        Some(again) => Ok(accepted(again)),
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// `GET activations/{id}/input`: the arguments that it was given, defaults aside · 404 unknown, or not ended · 409 not kept.
pub async fn input(State(app): State<App>, caller: Caller, path: Segments) -> Result<Json<Value>, Rejection> {
    let (namespace, id) = path.own_activation(&caller)?;
    Ok(Json(Value::Object(app.invoker.input(&namespace, id).await?)))
}
