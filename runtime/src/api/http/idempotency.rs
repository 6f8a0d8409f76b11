//! `Idempotency-Key` on requests that start something, and the header that marks a replayed response.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use wask_model::{Failure, IdempotencyKey, messages};

use crate::idempotency::Reply;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

pub fn key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Failure> {
    let mut given = headers.get_all(KEY).iter();
    let Some(first) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(Failure::BadRequest(messages::IDEMPOTENCY_KEY_TWICE.into()));
    }
    let illegal = |_| Failure::BadRequest(messages::IDEMPOTENCY_KEY_ILLEGAL.into());
    first.to_str().map_err(illegal)?.parse().map(Some)
}

/// The response, marked if it is a replay.
pub fn answered(reply: Reply<Response>) -> Response {
    match reply {
        Reply::First(response) => response,
        Reply::Replayed(mut response) => {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
            response
        }
    }
}
