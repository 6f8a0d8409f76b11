//! Turns the return value of the author's function into the result line.
//!
//! `Result` implements `Serialize` itself, so one blanket impl cannot tell an `Err` from a value. The attribute
//! therefore generates `(&&&Answer(greet(args))).line()`. Method look-up tries the most references first, so it takes
//! the first of [`DataOrData`], [`DataOrText`] and [`JustData`] that fits. This works for type aliases of `Result` too,
//! which the attribute could not recognise by name.

use std::fmt::Display;

use serde::Serialize;

/// The return value of the author's function.
pub struct Answer<R>(pub R);

/// A `Result` whose error is written as JSON.
pub trait DataOrData {
    /// The result line.
    fn line(&self) -> ResultLine;
}

impl<T: Serialize, E: Serialize> DataOrData for &&Answer<Result<T, E>> {
    fn line(&self) -> ResultLine {
        match &self.0 {
            Ok(value) => ResultLine::success(value),
            Err(error) => ResultLine::error(error),
        }
    }
}

/// A `Result` whose error is written as text.
pub trait DataOrText {
    /// The result line.
    fn line(&self) -> ResultLine;
}

impl<T: Serialize, E: Display> DataOrText for &Answer<Result<T, E>> {
    fn line(&self) -> ResultLine {
        match &self.0 {
            Ok(value) => ResultLine::success(value),
            Err(error) => ResultLine::error(&error.to_string()),
        }
    }
}

/// Any other value. The bound is on the method, so that the compiler's error names `Serialize` and nothing more
/// obscure.
pub trait JustData<T> {
    /// The result line.
    fn line(&self) -> ResultLine
    where
        T: Serialize;
}

impl<T> JustData<T> for Answer<T> {
    fn line(&self) -> ResultLine
    where
        T: Serialize,
    {
        ResultLine::success(&self.0)
    }
}

/// The last line of standard output: one JSON text without a line break.
pub struct ResultLine(String);

impl ResultLine {
    fn success<T: Serialize + ?Sized>(value: &T) -> ResultLine {
        match serde_json::to_string(value) {
            Ok(text) if text == "null" => ResultLine("{}".into()), // a function that returns nothing
            Ok(text) => ResultLine(text),
            Err(cause) => ResultLine::error(&format!("the result cannot be written as JSON: {cause}")),
        }
    }

    /// An application error: `{"error": error}`.
    pub fn error<E: Serialize + ?Sized>(error: &E) -> ResultLine {
        match serde_json::to_string(error) {
            Ok(text) => ResultLine(format!(r#"{{"error":{text}}}"#)),
            Err(cause) => ResultLine::error(&format!("the error cannot be written as JSON: {cause}")),
        }
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io;

    use serde_json::json;

    use super::*;
    use crate::{Failure, WebResponse};

    macro_rules! line {
        ($returned:expr) => {
            (&&&Answer($returned)).line().as_str()
        };
    }

    #[derive(Serialize)]
    struct Refusal {
        code: u32,
    }

    type Alias = Result<Vec<u8>, Refusal>;

    #[test]
    fn a_value_is_the_result() {
        assert_eq!(line!(json!({ "a": 1 })), r#"{"a":1}"#);
        assert_eq!(line!(vec![1, 2]), "[1,2]");
        assert_eq!(line!(Alias::Ok(vec![3])), "[3]");
    }

    #[test]
    fn nothing_is_an_empty_object() {
        assert_eq!(line!(()), "{}");
        assert_eq!(line!(Ok::<(), String>(())), "{}");
    }

    #[test]
    fn an_error_that_serializes_is_json() {
        assert_eq!(line!(Alias::Err(Refusal { code: 7 })), r#"{"error":{"code":7}}"#);
        assert_eq!(line!(Err::<(), _>("no")), r#"{"error":"no"}"#);
        assert_eq!(line!(Err::<(), _>(String::from("no"))), r#"{"error":"no"}"#);
        assert_eq!(line!(Err::<(), _>(Failure::json(json!({ "a": 1 })))), r#"{"error":{"a":1}}"#);
        let teapot = WebResponse::status(418);
        assert_eq!(line!(Err::<(), _>(teapot)), r#"{"error":{"statusCode":418}}"#);
    }

    #[test]
    fn an_error_that_only_displays_is_its_text() {
        assert_eq!(line!(Err::<(), _>(io::Error::other("disk"))), r#"{"error":"disk"}"#);
        let boxed: Box<dyn std::error::Error> = "boxed".into();
        assert_eq!(line!(Err::<(), _>(boxed)), r#"{"error":"boxed"}"#);
    }

    #[test]
    fn a_result_that_is_not_json_is_an_application_error() {
        let map = BTreeMap::from([((1, 2), 3)]);
        assert_eq!(line!(map), r#"{"error":"the result cannot be written as JSON: key must be a string"}"#);
    }
}
