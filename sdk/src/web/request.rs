//! The HTTP request of a web action. The host passes it in the `__ow_*` arguments.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::{Failure, arguments, base64};

/// An HTTP request to a web action. `T` is the type of the arguments: query, form fields, JSON members and the action's
/// own parameters.
///
/// ```
/// use serde::Deserialize;
/// use wask_sdk::{WebRequest, WebResponse};
///
/// #[derive(Deserialize)]
/// struct Search { term: String }
///
/// fn search(request: WebRequest<Search>) -> WebResponse {
///     WebResponse::text(format!("{} asks for {}", request.method, request.args.term))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct WebRequest<T = Map<String, Value>> {
    /// The method in lower case: `get`, `post`, …
    pub method: String,
    /// The header fields by lower-case name. A repeated header has its last value.
    pub headers: BTreeMap<String, String>,
    /// The part of the address after the extension, percent-encoded: empty, `/`, or `/more/segments`.
    pub path: String,
    /// The namespace of the caller, if the request had valid credentials.
    pub user: Option<String>,
    /// The query as text. Only web actions with the annotation `raw-http` have it.
    pub query: Option<String>,
    /// The body as it arrived: text, base64, or JSON that is not an object. [`WebRequest::body_bytes`] decodes it.
    /// `None` if there was no body, or if its members are among the arguments.
    pub body: Option<Value>,
    /// The arguments without the `__ow_*` ones.
    pub args: T,
}

impl<T> WebRequest<T> {
    /// The header of that name, which may be in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    /// The bytes of the body, empty if there is none. `Err`: a binary body is not base64.
    pub fn body_bytes(&self) -> Result<Vec<u8>, Failure> {
        match &self.body {
            None => Ok(Vec::new()),
            Some(Value::String(text)) if self.body_is_text() => Ok(text.clone().into_bytes()),
            Some(Value::String(text)) => base64::decode(text).ok_or_else(|| Failure::from("the body is not base64")),
            Some(json) => Ok(json.to_string().into_bytes()),
        }
    }

    /// The body as text. `Err`: it is not UTF-8.
    pub fn body_text(&self) -> Result<String, Failure> {
        Ok(String::from_utf8(self.body_bytes()?)?)
    }

    /// Whether a string body is plain text, not base64. A raw web action gets `application/json` as base64 too.
    fn body_is_text(&self) -> bool {
        let content_type = self.header("content-type").unwrap_or_default().to_ascii_lowercase();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        match essence {
            "application/json" => self.query.is_none(),
            "application/xml" | "application/javascript" | "application/x-www-form-urlencoded" => true,
            "application/base64" | "application/x-latex" | "application/x-vrml" | "application/xml-dtd" => true,
            _ if essence.starts_with("image/") => false,
            _ if essence.starts_with("text/") || content_type.contains("charset=") => true,
            _ => essence.ends_with("+json") || essence.ends_with("+xml"),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for WebRequest<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Map::deserialize(deserializer)?;
        let request = RequestMembers {
            method: members.remove("__ow_method"),
            headers: members.remove("__ow_headers"),
            path: members.remove("__ow_path"),
            user: members.remove("__ow_user"),
            query: members.remove("__ow_query"),
            body: members.remove("__ow_body"),
        };
        let Some(method) = request.method else {
            return Err(D::Error::custom("this action answers web requests only: call it under /api/v1/web/"));
        };
        Ok(WebRequest {
            method: part("__ow_method", method)?,
            headers: request.headers.map_or(Ok(BTreeMap::new()), |value| part("__ow_headers", value))?,
            path: request.path.map_or(Ok(String::new()), |value| part("__ow_path", value))?,
            user: request.user.map(|value| part("__ow_user", value)).transpose()?,
            query: request.query.map(|value| part("__ow_query", value)).transpose()?,
            body: request.body,
            args: arguments::from_members(members).map_err(D::Error::custom)?,
        })
    }
}

/// The `__ow_*` arguments.
struct RequestMembers {
    method: Option<Value>,
    headers: Option<Value>,
    path: Option<Value>,
    user: Option<Value>,
    query: Option<Value>,
    body: Option<Value>,
}

/// Parses one `__ow_*` argument.
fn part<P: DeserializeOwned, E: serde::de::Error>(name: &str, value: Value) -> Result<P, E> {
    serde_json::from_value(value).map_err(|cause| E::custom(format!("argument `{name}`: {cause}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(more: Value) -> WebRequest {
        let mut args = json!({ "__ow_method": "post", "__ow_path": "/a%20b", "n": "3" });
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments::parse(&args.to_string()).unwrap()
    }

    #[test]
    fn the_request_is_separate_from_the_arguments() {
        let got = request(json!({ "__ow_headers": { "x-a": "1" }, "__ow_user": "guest" }));
        assert_eq!((got.method.as_str(), got.path.as_str(), got.user.as_deref()), ("post", "/a%20b", Some("guest")));
        assert_eq!((got.header("X-A"), got.header("x-b")), (Some("1"), None));
        assert_eq!(Value::Object(got.args), json!({ "n": "3" }));
    }

    #[test]
    fn typed_arguments_are_read_as_in_any_action() {
        #[derive(Debug, Deserialize)]
        struct Args {
            n: u32,
        }
        let args = json!({ "__ow_method": "get", "n": "3" }).to_string();
        assert_eq!(arguments::parse::<WebRequest<Args>>(&args).unwrap().args.n, 3);
        let refusal = arguments::parse::<WebRequest<Args>>(r#"{"__ow_method":"get"}"#).unwrap_err();
        assert_eq!(refusal, "argument `n`: missing");
    }

    #[test]
    fn a_call_that_is_not_a_web_request_is_refused() {
        let refusal = arguments::parse::<WebRequest>("{}").unwrap_err();
        assert_eq!(refusal, "this action answers web requests only: call it under /api/v1/web/");
    }

    #[test]
    fn the_body_decodes_by_its_content_type() {
        let body = |content_type: &str, more: Value| {
            let mut all = json!({ "__ow_headers": { "content-type": content_type } });
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            request(all).body_text()
        };
        assert_eq!(body("text/plain", json!({ "__ow_body": "Zm9v" })).unwrap(), "Zm9v");
        assert_eq!(body("application/octet-stream", json!({ "__ow_body": "Zm9v" })).unwrap(), "foo");
        assert_eq!(body("application/json", json!({ "__ow_body": "Zm9v", "__ow_query": "" })).unwrap(), "foo");
        assert_eq!(body("application/json", json!({ "__ow_body": [1, 2] })).unwrap(), "[1,2]");
        assert_eq!(body("image/png", json!({ "__ow_body": "?" })).unwrap_err().value(), "the body is not base64");
        assert_eq!(body("image/png", json!({})).unwrap(), "");
    }
}
