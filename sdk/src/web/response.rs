//! The answer of a web action: status, headers and body as its `.http` address reads them.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::base64;

/// An HTTP answer. Return it as the result, or as the `Err` of one.
///
/// The address ending in `.http` uses all of it; `.html`, `.svg` and `.text` use only the body. The host answers 204
/// where neither status nor body is set.
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
    /// A status without a body: 100 to 599.
    pub fn status(status: u16) -> WebResponse {
        WebResponse::default().with_status(status)
    }

    /// A page, 200.
    pub fn html(text: impl Into<String>) -> WebResponse {
        WebResponse::string("text/html; charset=utf-8", text.into())
    }

    /// Plain text, 200.
    pub fn text(text: impl Into<String>) -> WebResponse {
        WebResponse::string("text/plain; charset=utf-8", text.into())
    }

    /// A JSON document, 200.
    pub fn json(value: impl Serialize) -> WebResponse {
        WebResponse::default().header("content-type", "application/json").body(value)
    }

    /// Anything else, 200: an image, an archive. It travels as base64.
    pub fn bytes(content_type: &str, bytes: &[u8]) -> WebResponse {
        WebResponse::string(content_type, base64::encode(bytes))
    }

    /// 302 to another address.
    pub fn redirect(location: &str) -> WebResponse {
        WebResponse::status(302).header("location", location)
    }

    /// The same with this status.
    pub fn with_status(mut self, status: u16) -> WebResponse {
        self.0.insert("statusCode".into(), status.into());
        self
    }

    /// Adds a header line. `set-cookie` and the like may come several times; of `content-type` the last one counts.
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

    /// The same with this body: a string as it is, other JSON as `application/json`.
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
    fn only_what_was_set_is_written() {
        assert_eq!(to_value(WebResponse::status(204)).unwrap(), json!({ "statusCode": 204 }));
        assert_eq!(
            to_value(WebResponse::bytes("image/png", b"foo")).unwrap(),
            json!({ "headers": { "content-type": "image/png" }, "body": "Zm9v" })
        );
    }

    #[test]
    fn a_header_may_come_twice_but_not_the_content_type() {
        let answer = WebResponse::json([1]).header("Content-Type", "application/problem+json");
        let answer = answer.header("Set-Cookie", "a=1").header("set-cookie", "b=2").header("set-cookie", "c=3");
        assert_eq!(
            to_value(answer).unwrap()["headers"],
            json!({ "content-type": "application/problem+json", "set-cookie": ["a=1", "b=2", "c=3"] })
        );
    }
}
