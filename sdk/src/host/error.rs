//! Why a host call failed.

use std::error::Error;
use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A failed host call. Displays as its message; `?` turns it into a [`Failure`](crate::Failure).
#[derive(Clone, Debug, PartialEq)]
pub struct HostError {
    /// Why it failed, for a program.
    pub reason: Reason,
    /// Why it failed, in a sentence for people.
    pub message: String,
}

/// Why a host call failed. A program can match on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// The request is malformed.
    BadRequest,
    /// The identity of the running action is no longer valid.
    Unauthorized,
    /// The identity of the running action lacks the right, or the action may not act for it: it belongs to another
    /// namespace and has no annotation `provide-api-key: true`.
    Forbidden,
    /// There is no such action or trigger.
    NotFound,
    /// The request conflicts with the state of the entity.
    Conflict,
    /// The parameters, or the answer, exceed a limit.
    TooLarge,
    /// The namespace exceeds a throttle at the moment, or this activation has used up its host calls.
    Throttled,
    /// The service cannot answer at the moment.
    Unavailable,
    /// The invoked action ran and ended with an error.
    ActionFailed,
    /// The invoked action was still running when the wait was over.
    StillRunning,
    /// A fault of the host, or a reason that this version of the SDK does not know.
    #[serde(other)]
    Internal,
}

impl HostError {
    /// An error with this reason and message, for doubles in tests.
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

    /// The error for a negative number that the import `call` returned.
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
