//! Cancelling and rerunning an activation, and reading its input. Not part of OpenWhisk's API.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::status;
use crate::api::App;
use crate::api::http::body::Held;
use crate::api::http::{Caller, Rejection, Segments, TransactionId, accepted, body};

/// `POST activations/{id}/cancel`: 202 with its status · 404 unknown · 409 if it has ended. A queued activation has
/// ended when the response arrives; a running one ends shortly after.
pub async fn cancel(State(app): State<App>, caller: Caller, path: Segments) -> Result<Response, Rejection> {
    let (namespace, id) = path.own_activation(&caller)?;
    app.invoker.cancel(&caller.identity, id).await?;
    Ok((StatusCode::ACCEPTED, Json(status::read(&app, &namespace, id).await?)).into_response())
}

/// `POST activations/{id}/rerun`: 202 `{activationId}` of the new activation, whose input is the body if there is one ·
/// 204 if it was a firing and no rule is active · 404 unknown or not ended · 409 if its input was not stored · 413 ·
/// 429.
pub async fn rerun(
    State(app): State<App>,
    transaction: TransactionId,
    caller: Caller,
    path: Segments,
    request: Request<Body>,
) -> Result<Response, Rejection> {
    let (_, id) = path.own_activation(&caller)?;
    let limit = app.gate.payload_bytes(&caller.identity);
    let input = body::optional_payload(&app, &caller.identity.namespace, request, limit).await?;
    let (input, _room) = input.map(Held::apart).unzip();
    let context = caller.context(transaction, app.clock.now());
    match app.firing.rerun(&app.invoker, caller.identity, (id, input), context).await? {
        Some(again) => Ok(accepted(again)),
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// `GET activations/{id}/input`: the arguments of the request, without defaults · 404 unknown or not ended · 409 if
/// they were not stored.
pub async fn input(State(app): State<App>, caller: Caller, path: Segments) -> Result<Json<Value>, Rejection> {
    let (namespace, id) = path.own_activation(&caller)?;
    Ok(Json(Value::Object(app.invoker.input(&namespace, id).await?)))
}
