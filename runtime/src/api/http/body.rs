//! Request bodies, read up to a limit.

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use serde_json::Value;
use wask_model::{Arguments, Failure, messages};

use super::rejection::Rejection;

/// Reads a body of at most `limit` bytes; `what` names it in the refusal. Content-Length is checked first, so that a
/// body that is too large need not be sent; otherwise the bytes are counted as they arrive.
pub async fn read(request: Request<Body>, what: &str, limit: u64) -> Result<Bytes, Rejection> {
    if request.headers().contains_key(CONTENT_ENCODING) && request.headers()[CONTENT_ENCODING] != "identity" {
        return Err(Rejection::Http(StatusCode::UNSUPPORTED_MEDIA_TYPE, messages::ENCODING_UNSUPPORTED.into()));
    }
    let too_large = |size| Failure::TooLarge(messages::larger_than_allowed(what, size, limit));
    let announced = content_length(request.headers());
    if let Some(size) = announced.filter(|size| *size > limit) {
        return Err(too_large(size).into());
    }
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    to_bytes(request.into_body(), most).await.map_err(|cut| match announced {
        None => too_large(limit + 1).into(),
        Some(_) => Failure::BadRequest(messages::body_unreadable(&cut.to_string())).into(),
    })
}

pub fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The JSON document of a PUT, or of a POST that needs one.
pub async fn document(request: Request<Body>, limit: u64) -> Result<Value, Rejection> {
    let missing = || Rejection::from(Failure::BadRequest(messages::BODY_EXPECTED.into()));
    if request.body().is_end_stream() {
        return Err(missing()); // whatever its content type
    }
    check_json(request.headers())?;
    let bytes = read(request, "Request", limit).await?;
    if bytes.is_empty() {
        return Err(missing());
    }
    let document: Value = serde_json::from_slice(&bytes).map_err(|e| Failure::malformed(e.to_string()))?;
    if document.is_object() { Ok(document) } else { Err(Failure::malformed(messages::OBJECT_EXPECTED).into()) }
}

/// The payload of an invocation or a firing: a JSON object. A missing body counts as an empty object, whatever its
/// content type.
pub async fn payload(request: Request<Body>, limit: u64) -> Result<Arguments, Rejection> {
    Ok(optional_payload(request, limit).await?.unwrap_or_default())
}

/// Like [`payload`], where a missing body differs from an empty object.
pub async fn optional_payload(request: Request<Body>, limit: u64) -> Result<Option<Arguments>, Rejection> {
    let typed = check_json(request.headers());
    let bytes = read(request, "Request", limit).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    typed?;
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(arguments)) => Ok(Some(arguments)),
        Ok(_) => Err(Failure::malformed(messages::OBJECT_EXPECTED).into()),
        Err(e) => Err(Failure::malformed(e.to_string()).into()),
    }
}

fn check_json(headers: &HeaderMap) -> Result<(), Rejection> {
    let given = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let essence = given.unwrap_or("application/octet-stream").split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Rejection::Http(StatusCode::UNSUPPORTED_MEDIA_TYPE, messages::content_type(essence)))
}
