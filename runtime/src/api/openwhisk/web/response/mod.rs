//! Turns the outcome of a web action into an HTTP response that every origin may read. REST contract §8.7, §8.8.

mod http_message;

use crate::api::http::check_accept;
use crate::api::http::media::MediaType;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::Value;
use wask_model::{Message, Status, messages};

use super::address::Extension;

/// A refusal in place of the action's response. The outermost layer, which knows the transaction id, writes the body
/// `{"error","code"}`.
#[derive(Clone, Debug, PartialEq)]
pub struct WebRefusal {
    pub status: StatusCode,
    pub message: Message,
}

impl WebRefusal {
    fn bad_request(message: impl Into<Message>) -> Self {
        WebRefusal { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    fn not_acceptable(message: Message) -> Self {
        WebRefusal { status: StatusCode::NOT_ACCEPTABLE, message }
    }

    fn property_missing() -> Self {
        WebRefusal { status: StatusCode::NOT_FOUND, message: messages::WEB_PROPERTY_MISSING.into() }
    }
}

/// The response for the action's outcome, as `extension` defines it. `request` has the request's headers; only `Accept`
/// is used.
pub fn render(
    extension: Extension,
    outcome: &wask_model::Response,
    request: &HeaderMap,
) -> Result<Response, WebRefusal> {
    Ok(answer(extension, outcome, request)?.into_response())
}

fn answer(extension: Extension, outcome: &wask_model::Response, request: &HeaderMap) -> Result<Answer, WebRefusal> {
    let value = reported(outcome)?;
    let answer = match extension {
        Extension::Http => http_message::answer(value)?,
        Extension::Json => Answer::ok(json(value)?),
        Extension::Html => Answer::ok(text_member(value, "html", MediaType::html())?),
        Extension::Svg => Answer::ok(text_member(value, "svg", MediaType::svg())?),
        Extension::Text => Answer::ok(plain_text(value)?),
    };
    if let Some(content) = &answer.content {
        check_accept(request, answer.status, &content.media).map_err(WebRefusal::not_acceptable)?;
    }
    Ok(answer)
}

/// The action's result, or the value of `error`. Why an action crashed is not revealed.
fn reported(outcome: &wask_model::Response) -> Result<&Value, WebRefusal> {
    match outcome.status {
        Status::Success => Ok(&outcome.result),
        Status::ApplicationError => outcome.result.get("error").ok_or_else(WebRefusal::property_missing),
        Status::DeveloperError | Status::WhiskError => Err(WebRefusal::bad_request(messages::WEB_PROCESSING)),
    }
}

fn json(value: &Value) -> Result<Content, WebRefusal> {
    match value {
        Value::Object(_) | Value::Array(_) => Ok(Content::json(MediaType::json(), value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(invalid(&MediaType::json())),
    }
}

/// A string: the member `body`, else the member named like the extension, else the value itself if it is not an object.
fn text_member(value: &Value, name: &str, media: MediaType) -> Result<Content, WebRefusal> {
    match member(value, name).and_then(Value::as_str) {
        Some(text) => Ok(Content { bytes: text.to_owned().into(), media }),
        None => Err(invalid(&media)),
    }
}

fn plain_text(value: &Value) -> Result<Content, WebRefusal> {
    let media = MediaType::plain_text();
    if value.is_array() {
        return Err(invalid(&media));
    }
    match member(value, "text").ok_or_else(WebRefusal::property_missing)? {
        Value::String(text) => Ok(Content { media, bytes: text.to_owned().into() }),
        other => Ok(Content::json(media, other)),
    }
}

/// The member `body`, whatever its type, or else `name`.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) => members.get("body").or_else(|| members.get(name)),
        other => Some(other),
    }
}

fn invalid(media: &MediaType) -> WebRefusal {
    WebRefusal::bad_request(messages::web_invalid(media.essence()))
}

/// A response, before it becomes axum's.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    /// All but the content type, which the content has.
    headers: HeaderMap,
    content: Option<Content>,
}

#[derive(Debug)]
struct Content {
    media: MediaType,
    bytes: Bytes,
}

impl Content {
    /// `value`, indented by 2 spaces.
    fn json(media: MediaType, value: &Value) -> Self {
        let text = serde_json::to_vec_pretty(value).expect("a JSON value always serializes");
        Content { media, bytes: text.into() }
    }
}

impl Answer {
    fn ok(content: Content) -> Self {
        Answer { status: StatusCode::OK, headers: HeaderMap::new(), content: Some(content) }
    }

    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        if let Some(Content { media, bytes }) = self.content {
            response.headers_mut().insert(CONTENT_TYPE, media.to_header());
            *response.body_mut() = Body::from(bytes);
        }
        response
    }
}

/// Lets pages of every origin read the response. `requested` is the request's `Access-Control-Request-Headers`.
/// Replaces such headers of the action, because browsers refuse a response that has them twice.
pub fn cors(headers: &mut HeaderMap, requested: Option<&HeaderValue>) {
    const METHODS: HeaderValue = HeaderValue::from_static("OPTIONS, GET, DELETE, POST, PUT, HEAD, PATCH");
    const HEADERS: HeaderValue =
        HeaderValue::from_static("Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent");

    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, requested.cloned().unwrap_or(HEADERS));
}

#[cfg(test)]
mod tests;
