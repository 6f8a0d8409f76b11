//! Turns the outcome of a web action into an HTTP response that every origin may read. rest.md §8.7, §8.8.

mod answer;
mod http_message;

use axum::response::Response;
use http::header::{ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN};
use http::{HeaderMap, HeaderValue};
use serde_json::Value;
use wask_model::{Status, messages};

use self::answer::{Answer, Content, WebRefusal};
use super::address::Extension;
use crate::api::http::check_accept;
use crate::api::http::media::MediaType;

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
