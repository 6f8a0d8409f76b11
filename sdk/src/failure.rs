//! The error for actions that use `?` on several kinds of error.

use std::error::Error;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::WebResponse;

/// Why the action failed: the value of `error` in the result.
///
/// `?` turns text and every `std::error::Error` into a failure. [`Failure::json`] and [`Failure::http`] add structure.
///
/// ```
/// use wask_sdk::Failure;
///
/// fn double(text: &str) -> Result<i64, Failure> {
///     let number: i64 = text.parse()?;
///     number.checked_mul(2).ok_or("too large".into())
/// }
///
/// assert_eq!(double("x").unwrap_err().value(), "invalid digit found in string");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Failure(Value);

impl Failure {
    /// A failure whose value is this JSON.
    pub fn json(value: impl Serialize) -> Failure {
        match serde_json::to_value(value) {
            Ok(value) => Failure(value),
            Err(cause) => Failure(Value::String(format!("the error cannot be written as JSON: {cause}"))),
        }
    }

    /// A failure that callers of the web action's `.http` address get as an HTTP answer: `{"statusCode": status,
    /// "body": body}`.
    pub fn http(status: u16, body: impl Serialize) -> Failure {
        Failure::json(WebResponse::status(status).body(body))
    }

    /// The value of `error` in the result.
    pub fn value(&self) -> &Value {
        &self.0
    }
}

/// From text, and from every type that implements `std::error::Error`.
impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure(Value::String(error.into().to_string()))
    }
}

impl Serialize for Failure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_and_errors_become_text() {
        assert_eq!(Failure::from("a").value(), "a");
        assert_eq!(Failure::from(String::from("a")).value(), "a");
        assert_eq!(Failure::from(std::io::Error::other("a")).value(), "a");
    }

    #[test]
    fn an_http_failure_has_status_and_body() {
        assert_eq!(Failure::http(404, "gone").value(), &json!({ "statusCode": 404, "body": "gone" }));
    }
}
