//! The HTTP answer of a web action: status, headers and body for its `.http` address.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::base64;

/// An HTTP answer. Return it as the value or as the `Err` of a `Result`.
///
/// An address ending in `.http` uses all of it; `.html`, `.svg` and `.text` use only the body. Without status and body,
/// the host answers 204.
///
/// ```
/// use wask_sdk::WebResponse;
///
/// let page = WebResponse::html("<h1>Hello</h1>").header("cache-control", "no-store");
/// let away = WebResponse::redirect("https://example.com/");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct WebResponse(Map<String, Value>);

impl WebResponse {
    /// An answer with this status, 100 to 599, and no body.
    pub fn status(status: u16) -> WebResponse {
        WebResponse::default().with_status(status)
    }

    /// An HTML page with status 200.
    pub fn html(text: impl Into<String>) -> WebResponse {
        WebResponse::string("text/html; charset=utf-8", text.into())
    }

    /// Plain text with status 200.
    pub fn text(text: impl Into<String>) -> WebResponse {
        WebResponse::string("text/plain; charset=utf-8", text.into())
    }

    /// A JSON document with status 200.
    pub fn json(value: impl Serialize) -> WebResponse {
        WebResponse::default().header("content-type", "application/json").body(value)
    }

    /// Bytes of any type with status 200, such as an image. They are sent to the host as base64.
    pub fn bytes(content_type: &str, bytes: &[u8]) -> WebResponse {
        WebResponse::string(content_type, base64::encode(bytes))
    }

    /// A redirect to another address, with status 302.
    pub fn redirect(location: &str) -> WebResponse {
        WebResponse::status(302).header("location", location)
    }

    /// Sets the status.
    pub fn with_status(mut self, status: u16) -> WebResponse {
        self.0.insert("statusCode".into(), status.into());
        self
    }

    /// Adds a header. A name may be repeated, as for `set-cookie`; of `content-type`, the last one counts.
    pub fn header(mut self, name: &str, value: &str) -> WebResponse {
        let name = name.to_ascii_lowercase();
        let headers = self.0.entry("headers").or_insert_with(|| Map::new().into());
        match headers.get_mut(&name) {
            Some(Value::Array(lines)) => lines.push(value.into()),
            Some(line) if name != "content-type" => *line = Value::Array(vec![line.take(), value.into()]),
            Some(_) | None => headers[name] = value.into(),
        }
        self
    }

    /// Sets the body: a string as it is, other JSON as `application/json`.
    pub fn body(mut self, value: impl Serialize) -> WebResponse {
        match serde_json::to_value(value) {
            Ok(value) => self.0.insert("body".into(), value),
            Err(cause) => return WebResponse::text(format!("the body is not JSON: {cause}")).with_status(500),
        };
        self
    }

    fn string(content_type: &str, text: String) -> WebResponse {
        WebResponse::default().header("content-type", content_type).body(text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;

    #[test]
    fn an_answer_has_only_the_members_that_were_set() {
        assert_eq!(to_value(WebResponse::status(204)).unwrap(), json!({ "statusCode": 204 }));
        assert_eq!(
            to_value(WebResponse::bytes("image/png", b"foo")).unwrap(),
            json!({ "headers": { "content-type": "image/png" }, "body": "Zm9v" })
        );
    }

    #[test]
    fn a_header_may_be_repeated_but_not_the_content_type() {
        let answer = WebResponse::json([1]).header("Content-Type", "application/problem+json");
        let answer = answer.header("Set-Cookie", "a=1").header("set-cookie", "b=2").header("set-cookie", "c=3");
        assert_eq!(
            to_value(answer).unwrap()["headers"],
            json!({ "content-type": "application/problem+json", "set-cookie": ["a=1", "b=2", "c=3"] })
        );
    }
}
