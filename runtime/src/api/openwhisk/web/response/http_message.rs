//! The extension `.http`: the action sets status, headers and body itself, within what HTTP allows. rest.md §8.7;
//! threats.md T32.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use wask_model::{looks_like_base64, messages};

use super::answer::{Answer, Content, WebRefusal};
use crate::api::http::media::{MediaClass, MediaType};
use crate::api::http::sites::speaks_for_the_origin;

/// Bytes of all header lines that an action may send. Proxies and clients fail in different ways on more.
const LONGEST_HEADERS: usize = 64 * 1024;

/// As lenient as the reference: padding may be missing, and left-over bits of the last character do not matter.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// `Err` if the result is not an HTTP message, or if its body does not match its content type.
pub(super) fn answer(value: &Value) -> Result<Answer, WebRefusal> {
    let members = value.as_object().ok_or_else(invalid)?;
    let mut headers = headers(members)?;
    let media = headers.remove(CONTENT_TYPE);
    let status = members.get("statusCode").map(status).transpose()?;
    let content = content(members.get("body"), media.as_ref())?;

    let status = status.unwrap_or(if content.is_some() { StatusCode::OK } else { StatusCode::NO_CONTENT });
    Ok(Answer { status, headers, content: content.filter(|_| !is_bodiless(status)) })
}

fn invalid() -> WebRefusal {
    WebRefusal::bad_request(messages::web_invalid("message/http"))
}

fn is_bodiless(status: StatusCode) -> bool {
    [StatusCode::NO_CONTENT, StatusCode::RESET_CONTENT, StatusCode::NOT_MODIFIED].contains(&status)
}

/// A whole number or numeric string from 200 to 599. The reference takes 100 to 199 too, but such a status announces
/// another response and cannot be the last one.
fn status(value: &Value) -> Result<StatusCode, WebRefusal> {
    let code = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse::<u16>().ok().map(f64::from),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let code = code.filter(|code| code.fract() == 0.0 && (200.0..600.0).contains(code)).ok_or_else(invalid)?;
    StatusCode::from_u16(code as u16).map_err(|_| invalid())
}

fn headers(members: &Map<String, Value>) -> Result<HeaderMap, WebRefusal> {
    let mut lines = HeaderLines::default();
    if let Some(given) = members.get("headers") {
        for (name, value) in given.as_object().ok_or_else(invalid)? {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
            lines.add(&name, value)?;
        }
    }
    match lines.size {
        0..=LONGEST_HEADERS => Ok(lines.headers),
        size => Err(WebRefusal::bad_request(messages::larger_than_allowed(
            "Response headers",
            size as u64,
            LONGEST_HEADERS as u64,
        ))),
    }
}

#[derive(Default)]
struct HeaderLines {
    headers: HeaderMap,
    /// Bytes on the wire.
    size: usize,
}

impl HeaderLines {
    /// One line for a string, number or boolean, one for each element of an array.
    fn add(&mut self, name: &HeaderName, value: &Value) -> Result<(), WebRefusal> {
        match value {
            Value::String(text) => self.add_line(name, text),
            Value::Number(number) => self.add_line(name, &number.to_string()),
            Value::Bool(flag) => self.add_line(name, &flag.to_string()),
            Value::Array(elements) => elements.iter().try_for_each(|element| self.add(name, element)),
            Value::Null | Value::Object(_) => Err(invalid()),
        }
    }

    fn add_line(&mut self, name: &HeaderName, text: &str) -> Result<(), WebRefusal> {
        let value = HeaderValue::from_bytes(text.as_bytes()).map_err(|_| invalid())?; // no CR, LF or NUL
        if belongs_to_the_connection(name) || speaks_for_the_origin(name) {
            return Ok(());
        }
        self.size += name.as_str().len() + value.len() + ": \r\n".len();
        self.headers.try_append(name, value).map_err(|_| invalid())?;
        Ok(())
    }
}

/// Whether only the two ends of the connection may send this header. Such a header of an action is dropped.
/// RFC 9110 §7.6.1.
fn belongs_to_the_connection(name: &HeaderName) -> bool {
    [CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE].contains(name)
        || name.as_str() == "keep-alive"
        || name.as_str().starts_with("proxy-")
}

/// `None` if the body is empty; then its type does not matter.
fn content(body: Option<&Value>, media: Option<&HeaderValue>) -> Result<Option<Content>, WebRefusal> {
    let body = match body {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.is_empty() => return Ok(None),
        Some(body) => body,
    };
    let unknown = || WebRefusal::bad_request(messages::WEB_TYPE_UNKNOWN);
    let media = media.map(|header| MediaType::parse(header).ok_or_else(unknown)).transpose()?;
    match body {
        Value::String(text) => text_content(text, media.unwrap_or_else(MediaType::html)),
        other => json_content(other, media.unwrap_or_else(MediaType::json)),
    }
    .map(Some)
}

fn mismatch() -> WebRefusal {
    WebRefusal::bad_request(messages::WEB_TYPE_MISMATCH)
}

fn json_content(value: &Value, media: MediaType) -> Result<Content, WebRefusal> {
    match media.class() {
        MediaClass::Json => Ok(Content::json(media, value)),
        MediaClass::Form | MediaClass::Text | MediaClass::Binary => Err(mismatch()),
    }
}

fn text_content(text: &str, media: MediaType) -> Result<Content, WebRefusal> {
    let encoded = match media.class() {
        MediaClass::Binary => true,
        MediaClass::Json => looks_like_base64(text) && !is_json(text),
        MediaClass::Form | MediaClass::Text => false,
    };
    let bytes = if encoded { BASE64.decode(text.trim()).map_err(|_| mismatch())? } else { text.into() };
    Ok(Content { media, bytes: bytes.into() })
}

/// `true`, `null` and `1234` look like base64 too, but no JSON document encodes to them.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}
