//! Requests that are refused by how they arrived, before any route sees them. The outermost layer writes the answer, so
//! that it looks like every other.

use axum::extract::Request;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{HeaderValue, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use wask_model::messages;

use super::rejection::Rejection;

/// Why a request is refused, in its extensions.
#[derive(Clone, Copy, Debug)]
pub enum RefusedEarly {
    /// It gives its length twice, in `Content-Length` and `Transfer-Encoding`: whoever passed it on may have believed the
    /// other one.
    TwoLengths,
    /// Its client has this many requests in flight behind a trusted proxy.
    TooManyRequests(u32),
}

impl RefusedEarly {
    /// Whether a request gives its length twice. The parser drops a `Content-Length` that follows `Transfer-Encoding`, so
    /// `head` is what the peer wrote. Empty: it came with the request before, and nobody can tell.
    pub fn two_lengths<B>(request: &http::Request<B>, head: &[u8]) -> Option<Self> {
        let may = request.version() <= Version::HTTP_11 && request.headers().contains_key(TRANSFER_ENCODING);
        let is_twice = || request.headers().contains_key(CONTENT_LENGTH) || head.is_empty() || names_a_length(head);
        (may && is_twice()).then_some(RefusedEarly::TwoLengths)
    }

    /// The answer to a request that was refused.
    pub fn answer(request: &Request) -> Option<Response> {
        let rejection = match *request.extensions().get::<RefusedEarly>()? {
            RefusedEarly::TwoLengths => Rejection::Http(StatusCode::BAD_REQUEST, messages::TWO_LENGTHS.into()),
            RefusedEarly::TooManyRequests(most) => {
                Rejection::Http(StatusCode::TOO_MANY_REQUESTS, messages::too_many_of_client(most))
            }
        };
        let mut response = rejection.into_response();
        if request.version() <= Version::HTTP_11 {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Some(response)
    }
}

/// Whether one of the lines up to the first empty one is a `Content-Length`.
fn names_a_length(head: &[u8]) -> bool {
    let name = b"content-length";
    let lines = head.split(|byte| *byte == b'\n').take_while(|line| !matches!(*line, b"" | b"\r"));
    lines.into_iter().any(|line| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_found_in_the_head_and_not_in_the_body() {
        assert!(names_a_length(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\ncontent-LENGTH: 3\r\n\r\n"));
        assert!(!names_a_length(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nContent-Length: 3\r\n"));
        assert!(!names_a_length(b"POST / HTTP/1.1\r\nX: Content-Length: 3\r\n\r\n"));
    }
}
