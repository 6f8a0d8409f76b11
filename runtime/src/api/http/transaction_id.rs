//! The id of one HTTP request: `code` in its error, `X-Request-ID` on its response. rest.md §1.7.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use super::headers::REQUEST_ID;

/// Given to every request by the outermost layer; handlers take it as an argument.
#[derive(Clone)]
pub struct TransactionId(pub Arc<str>);

impl TransactionId {
    /// The client's own id, unless it begins like one of the reference's, is too long or cannot be sent back; then a
    /// random one.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        match given.filter(|id| !id.is_empty() && id.len() <= 128 && !id.starts_with("sid_")) {
            Some(id) => TransactionId(id.into()),
            None => TransactionId(format!("{:032x}", fastrand::u128(..)).into()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for TransactionId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let id = parts.extensions.get::<TransactionId>();
        Ok(id.expect("the outermost layer gives every request an id").clone())
    }
}
