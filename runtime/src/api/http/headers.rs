//! Header names that several nouns use.

use axum::http::{HeaderMap, HeaderName};

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Read by the server only: actions do not see it. rest.md §1.7.
pub const EXTRA_LOGGING: HeaderName = HeaderName::from_static("x-ow-extra-logging");

/// Whether `X-OW-EXTRA-LOGGING: on` was sent.
pub fn wants_extra_logging(headers: &HeaderMap) -> bool {
    headers.get(EXTRA_LOGGING).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"on"))
}
