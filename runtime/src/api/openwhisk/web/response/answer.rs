//! What a web action is answered with: a response or a refusal, before it becomes axum's.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use wask_model::{Message, messages};

use crate::api::http::media::MediaType;

/// A refusal in place of the action's response. The outermost layer, which knows the transaction id, writes the body
/// `{"error","code"}`.
#[derive(Clone, Debug, PartialEq)]
pub struct WebRefusal {
    pub status: StatusCode,
    pub message: Message,
}

impl WebRefusal {
    pub fn bad_request(message: impl Into<Message>) -> Self {
        WebRefusal { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    pub fn not_acceptable(message: Message) -> Self {
        WebRefusal { status: StatusCode::NOT_ACCEPTABLE, message }
    }

    pub fn property_missing() -> Self {
        WebRefusal { status: StatusCode::NOT_FOUND, message: messages::WEB_PROPERTY_MISSING.into() }
    }
}

/// A response, before it becomes axum's.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    /// All but the content type, which the content has.
    pub headers: HeaderMap,
    pub content: Option<Content>,
}

#[derive(Debug)]
pub struct Content {
    pub media: MediaType,
    pub bytes: Bytes,
}

impl Content {
    /// `value`, indented by 2 spaces.
    pub fn json(media: MediaType, value: &Value) -> Self {
        let text = serde_json::to_vec_pretty(value).expect("a JSON value always serializes");
        Content { media, bytes: text.into() }
    }
}

impl Answer {
    pub fn ok(content: Content) -> Self {
        Answer { status: StatusCode::OK, headers: HeaderMap::new(), content: Some(content) }
    }

    pub fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response.headers_mut().reserve(8); // at once, for those that every answer gets
        if let Some(Content { media, bytes }) = self.content {
            response.headers_mut().insert(CONTENT_TYPE, media.to_header());
            *response.body_mut() = Body::from(bytes);
        }
        response
    }
}
