//! Why the host did not do what it was asked.

use std::error::Error;
use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A host call that did not succeed. Displays as its message; `?` turns it into a [`Failure`](crate::Failure).
#[derive(Clone, Debug, PartialEq)]
pub struct HostError {
    pub reason: Reason,
    /// A sentence for people.
    pub message: String,
}

/// Why a host call did not succeed: what a program can decide by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    Conflict,
    TooLarge,
    /// Too many calls: in the namespace at the moment, or by this activation altogether.
    Throttled,
    Unavailable,
    /// The invoked action ran and ended with an error.
    ActionFailed,
    /// The invoked action was still running when the wait was over.
    StillRunning,
    /// A fault of the host, or a reason this version of the SDK does not know.
    #[serde(other)]
    Internal,
}

impl HostError {
    pub fn new(reason: Reason, message: impl Into<String>) -> HostError {
        HostError { reason, message: message.into() }
    }

    pub(super) fn action_failed(name: &str, result: &Value) -> HostError {
        let message = match result.get("error") {
            Some(Value::String(text)) => text.clone(),
            Some(error) => error.to_string(),
            None => format!("the action {name} failed"),
        };
        HostError::new(Reason::ActionFailed, message)
    }

    pub(super) fn still_running(record: &Value) -> HostError {
        let id = record.get("activationId").and_then(Value::as_str).unwrap_or("?");
        HostError::new(Reason::StillRunning, format!("activation {id} is still running"))
    }

    pub(super) fn unexpected_answer(cause: serde_json::Error) -> HostError {
        HostError::new(Reason::Internal, format!("unexpected answer: {cause}"))
    }

    /// What a negative number from the import `call` means.
    pub(super) fn from_code(code: i64) -> HostError {
        match code {
            -1 => HostError::new(Reason::BadRequest, "the host could not read the request"),
            -2 => HostError::new(Reason::TooLarge, "the request is larger than the host accepts"),
            -3 => HostError::new(Reason::Throttled, "this activation has used up its host calls"),
            other => HostError::new(Reason::Internal, format!("host call failed with code {other}")),
        }
    }
}

impl Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for HostError {}
