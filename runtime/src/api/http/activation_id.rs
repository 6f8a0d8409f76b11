//! How a response names the activation that its request started.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use wask_model::ActivationId;

const ACTIVATION_ID: HeaderName = HeaderName::from_static("x-openwhisk-activation-id");

/// 202 `{activationId}`: the activation has been accepted and has not ended.
pub fn accepted(id: ActivationId) -> Response {
    with_activation_id((StatusCode::ACCEPTED, Json(json!({ "activationId": id }))).into_response(), id)
}

pub fn with_activation_id(mut response: Response, id: ActivationId) -> Response {
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(ACTIVATION_ID, value);
    }
    response
}
