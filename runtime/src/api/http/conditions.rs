//! `ETag`, `If-Match` and `If-None-Match`: a change must not undo another one. RFC 9110 §8.8.3, §13.1.
//!
//! An entity's ETag is the revision that is stored under its own name. Its document also shows data that is stored
//! elsewhere, such as the parameters of an action's package or the status of a rule; these do not change the ETag.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponseParts, ResponseParts};
use wask_model::{Failure, messages};
use wask_store::Revision;

use super::caller::Caller;
use super::rejection::Rejection;
use super::transaction_id::TransactionId;
use crate::api::App;
use crate::catalog::{Condition, Write};

/// The `ETag` of a response that shows an entity.
pub struct ETag(pub Revision);

impl IntoResponseParts for ETag {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        let value = HeaderValue::from_str(&format!("\"{}\"", self.0.0)).expect("digits in quotes are a header value");
        parts.headers_mut().insert(ETAG, value);
        Ok(parts)
    }
}

/// What a request that changes an entity says in its headers.
pub struct WriteHeaders {
    headers: HeaderMap,
    transaction: Arc<str>,
}

impl FromRequestParts<App> for WriteHeaders {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Rejection> {
        let Ok(TransactionId(transaction)) = TransactionId::from_request_parts(parts, app).await;
        Ok(WriteHeaders { headers: parts.headers.clone(), transaction })
    }
}

impl WriteHeaders {
    /// Parses the conditions; 400 if they are malformed.
    pub fn write_by(self, caller: &Caller) -> Result<Write, Failure> {
        let condition = condition(&self.headers)?;
        Ok(Write { identity: caller.identity.clone(), transaction: self.transaction, condition })
    }
}

fn condition(headers: &HeaderMap) -> Result<Condition, Failure> {
    if let Some(demanded) = listed(headers, &IF_MATCH) {
        return if_match(&demanded);
    }
    match listed(headers, &IF_NONE_MATCH).as_deref().map(str::trim) {
        None => Ok(Condition::None),
        Some("*") => Ok(Condition::Absent),
        Some(_) => Err(Failure::BadRequest(messages::IF_NONE_MATCH_MALFORMED.into())),
    }
}

/// Parses `*` or a list of ETags. A weak one, and one that wask did not issue, is legal and matches nothing.
fn if_match(demanded: &str) -> Result<Condition, Failure> {
    if demanded.trim() == "*" {
        return Ok(Condition::Exists);
    }
    let mut revisions = Vec::new();
    for tag in demanded.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
        let quoted = tag.strip_prefix("W/").unwrap_or(tag);
        let opaque =
            quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|text| !text.contains('"'));
        let opaque = opaque.ok_or_else(|| Failure::BadRequest(messages::IF_MATCH_MALFORMED.into()))?;
        if quoted == tag {
            revisions.extend(opaque.parse().ok().map(Revision));
        }
    }
    Ok(Condition::At(revisions))
}

/// All values of a header that is a list, joined with commas.
fn listed(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<&str> = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default()).collect();
    if values.is_empty() { None } else { Some(values.join(",")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: HeaderName, values: &[&str]) -> Result<Condition, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, value.parse().unwrap());
        }
        condition(&headers).map_err(|failure| failure.to_string())
    }

    #[test]
    fn conditions_are_parsed_from_lists_of_etags_and_stars() {
        let at = |revisions: &[i64]| Ok(Condition::At(revisions.iter().copied().map(Revision).collect()));
        assert_eq!(read(IF_MATCH, &[]), Ok(Condition::None));
        assert_eq!(read(IF_MATCH, &[" * "]), Ok(Condition::Exists));
        assert_eq!(read(IF_MATCH, &["\"17\""]), at(&[17]));
        assert_eq!(read(IF_MATCH, &["\"1\", \"2\"", "\"3\""]), at(&[1, 2, 3]));
        assert_eq!(read(IF_MATCH, &["W/\"1\", \"of another server\""]), at(&[]), "legal, and matches nothing");
        assert_eq!(read(IF_NONE_MATCH, &["*"]), Ok(Condition::Absent));
        for malformed in ["17", "\"17", "'17'", "\"1\" \"2\"", "*, \"1\""] {
            assert_eq!(read(IF_MATCH, &[malformed]), Err(messages::IF_MATCH_MALFORMED.to_owned()), "{malformed}");
        }
        assert_eq!(read(IF_NONE_MATCH, &["\"1\""]), Err(messages::IF_NONE_MATCH_MALFORMED.to_owned()));
    }
}
