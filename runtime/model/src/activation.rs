//! The record of one invocation or firing.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::annotations::keys;
use crate::{ActivationId, Annotations, Arguments, EntityName, Message, NamespaceName, Timestamp, Version};

/// How an activation ended, by who has to act: no one, the caller, the action's author, the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The action returned a result without an error.
    Success,
    /// The action returned an error.
    ApplicationError,
    /// The action ran badly: too long, too large, without a valid result.
    DeveloperError,
    /// The platform could not run the action.
    WhiskError,
}

impl Status {
    /// Every status, in the order of its [`code`](Status::code).
    pub const ALL: [Status; 4] =
        [Status::Success, Status::ApplicationError, Status::DeveloperError, Status::WhiskError];

    /// The words for it in JSON. rest.md §4.2.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Success => "success",
            Status::ApplicationError => "application error",
            Status::DeveloperError => "action developer error",
            Status::WhiskError => "whisk internal error",
        }
    }

    /// Its number in list summaries: 0 for success to 3 for a whisk error.
    pub fn code(self) -> u8 {
        match self {
            Status::Success => 0,
            Status::ApplicationError => 1,
            Status::DeveloperError => 2,
            Status::WhiskError => 3,
        }
    }

    /// The status with this [`code`](Status::code). `None` above 3.
    pub fn from_code(code: u8) -> Option<Status> {
        Status::ALL.into_iter().nth(code.into())
    }
}

/// Selects activations in a list by their status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFilter {
    /// This status only.
    Is(Status),
    /// Every status but success.
    Failed,
}

impl StatusFilter {
    /// Parses a status in words, its number, or `failed` or `error` for all but success. `None`: anything else.
    pub fn read(text: &str) -> Option<StatusFilter> {
        if matches!(text, "failed" | "error") {
            return Some(StatusFilter::Failed);
        }
        let named = Status::ALL.into_iter().find(|status| text == status.as_str() || text == status.code().to_string());
        named.map(StatusFilter::Is)
    }
}

/// The status and result of an activation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// How the activation ended.
    pub status: Status,
    /// An object or an array; `{"error": …}` unless the status is success.
    pub result: Value,
    /// Bytes of the result as the guest wrote it. `None`: no guest wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

impl Response {
    /// A success with this result.
    pub fn success(result: Value) -> Self {
        Response { status: Status::Success, result, size: None }
    }

    /// An application error with the result `{"error": error}`.
    pub fn application_error(error: impl Into<Value>) -> Self {
        Response { status: Status::ApplicationError, result: json!({ "error": error.into() }), size: None }
    }

    /// A developer error with the result `{"error": message}`.
    pub fn developer_error(message: impl Into<Message>) -> Self {
        Response { status: Status::DeveloperError, result: json!({ "error": message.into() }), size: None }
    }

    /// A whisk error with the result `{"error": message}`.
    pub fn whisk_error(message: impl Into<Message>) -> Self {
        Response { status: Status::WhiskError, result: json!({ "error": message.into() }), size: None }
    }
}

/// The record of one activation. rest.md §4.2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Activation {
    /// Names the activation.
    pub id: ActivationId,
    /// The invoker's namespace; for web actions the owner's.
    pub namespace: NamespaceName,
    /// The name of the action or trigger, without its package.
    pub name: EntityName,
    /// The version of the action or trigger.
    pub version: Version,
    /// The subject of the invoker.
    pub subject: String,
    /// When the run or the firing began.
    pub start: Timestamp,
    /// When it ended. `None` for triggers.
    pub end: Option<Timestamp>,
    /// Milliseconds; the sum over the components for a sequence. `None` for triggers.
    pub duration_ms: Option<u64>,
    /// The activation that led to this one.
    pub cause: Option<ActivationId>,
    /// The status and result.
    pub response: Response,
    /// The lines of the log; ids of the components for a sequence; one JSON text per rule for a trigger.
    pub logs: Vec<String>,
    /// See [`keys`].
    pub annotations: Annotations,
    /// The arguments on top of the defaults, kept for a rerun. `None`: not kept. Never shown in the record.
    pub input: Option<Arguments>,
}

impl Activation {
    /// The kind that [`filter_kind`](Activation::filter_kind) reports for the record of a firing.
    pub const KIND_OF_TRIGGERS: &'static str = "trigger";

    /// `name` or `package/name`, as the filter `name=` of a list compares it. rest.md §4.5.
    pub fn filter_name(&self) -> String {
        let text = |key| self.annotations.get(key).and_then(Value::as_str);
        let path = text(keys::BINDING).map(|binding| format!("{binding}/{}", self.name));
        let path = path.or_else(|| text(keys::PATH).map(str::to_owned));
        match path {
            Some(path) => path.split_once('/').map_or(path.clone(), |(_, local)| local.to_owned()),
            None => self.name.to_string(),
        }
    }

    /// The annotation `kind`, as the filter `kind=` of a list compares it; `trigger` for the record of a firing.
    pub fn filter_kind(&self) -> &str {
        self.annotations.get(keys::KIND).and_then(Value::as_str).unwrap_or(Activation::KIND_OF_TRIGGERS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_by_its_words_and_its_number() {
        for status in Status::ALL {
            for text in [status.as_str().to_owned(), status.code().to_string()] {
                assert_eq!(StatusFilter::read(&text), Some(StatusFilter::Is(status)), "{text}");
            }
        }
        for text in ["failed", "error"] {
            assert_eq!(StatusFilter::read(text), Some(StatusFilter::Failed));
        }
        for text in ["", "4", "-1", "00", "Success", "application", "developer error"] {
            assert_eq!(StatusFilter::read(text), None, "{text}");
        }
    }
}
