//! What is recorded of one invocation or firing.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::annotations::keys;
use crate::{ActivationId, Annotations, Arguments, EntityName, Message, NamespaceName, Timestamp, Version};

/// How an activation ended, by who has to act: nobody, the caller, the action's author, the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Success,
    ApplicationError,
    DeveloperError,
    WhiskError,
}

impl Status {
    pub const ALL: [Status; 4] =
        [Status::Success, Status::ApplicationError, Status::DeveloperError, Status::WhiskError];

    /// The words of the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Success => "success",
            Status::ApplicationError => "application error",
            Status::DeveloperError => "action developer error",
            Status::WhiskError => "whisk internal error",
        }
    }

    /// The number that list summaries carry.
    pub fn code(self) -> u8 {
        match self {
            Status::Success => 0,
            Status::ApplicationError => 1,
            Status::DeveloperError => 2,
            Status::WhiskError => 3,
        }
    }

    pub fn from_code(code: u8) -> Option<Status> {
        Status::ALL.into_iter().nth(code.into())
    }
}

/// Which ends of activations a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFilter {
    Is(Status),
    /// Everything but success.
    Failed,
}

impl StatusFilter {
    /// The words of the wire, the numbers of list summaries, and `failed` or `error` for everything but success.
    pub fn read(text: &str) -> Option<StatusFilter> {
        if matches!(text, "failed" | "error") {
            return Some(StatusFilter::Failed);
        }
        let named = Status::ALL.into_iter().find(|status| text == status.as_str() || text == status.code().to_string());
        named.map(StatusFilter::Is)
    }
}

/// Status and result of an activation. The result is an object or an array.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    pub status: Status,
    pub result: Value,
    /// Bytes of the result as the guest wrote it; `None` when no guest wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

impl Response {
    pub fn success(result: Value) -> Self {
        Response { status: Status::Success, result, size: None }
    }

    pub fn application_error(error: impl Into<Value>) -> Self {
        Response { status: Status::ApplicationError, result: json!({ "error": error.into() }), size: None }
    }

    pub fn developer_error(message: impl Into<Message>) -> Self {
        Response { status: Status::DeveloperError, result: json!({ "error": message.into() }), size: None }
    }

    pub fn whisk_error(message: impl Into<Message>) -> Self {
        Response { status: Status::WhiskError, result: json!({ "error": message.into() }), size: None }
    }
}

/// The record of one activation. REST contract §4.2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Activation {
    pub id: ActivationId,
    /// The invoker's namespace; for web actions the owner's.
    pub namespace: NamespaceName,
    pub name: EntityName,
    pub version: Version,
    /// Who invoked.
    pub subject: String,
    pub start: Timestamp,
    /// `None` for triggers.
    pub end: Option<Timestamp>,
    /// `None` for triggers; for sequences the sum over the components.
    pub duration_ms: Option<u64>,
    /// The activation that led to this one.
    pub cause: Option<ActivationId>,
    pub response: Response,
    pub logs: Vec<String>,
    pub annotations: Annotations,
    /// What it was given on top of defaults, so that it can be run again; `None`: not kept. Not part of the record on the wire.
    pub input: Option<Arguments>,
}

impl Activation {
    /// `name` or `pkg/name`, what the filter `name=` of the list compares with. REST contract §4.5.
    pub fn filter_name(&self) -> String {
        let path = self
            .annotations
            .get(keys::BINDING)
            .and_then(Value::as_str)
            .map(|binding| format!("{binding}/{}", self.name));
        let path = path.or_else(|| self.annotations.get(keys::PATH).and_then(Value::as_str).map(str::to_owned));
        match path {
            Some(path) => path.split_once('/').map_or(path.clone(), |(_, local)| local.to_owned()),
            None => self.name.to_string(),
        }
    }

    /// What the filter `kind=` of the list compares with: the annotation of that name, `trigger` for the record of a firing.
    pub fn filter_kind(&self) -> &str {
        self.annotations.get(keys::KIND).and_then(Value::as_str).unwrap_or(Activation::KIND_OF_TRIGGERS)
    }

    pub const KIND_OF_TRIGGERS: &'static str = "trigger";
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
