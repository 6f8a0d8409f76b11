//! The notice of an activation that ended, and the bodies that are written from it. feeds.md §C.4, §C.5.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::template::{Fact, Piece, pieces};
use super::{Callback, CallbackPayload};
use crate::annotations::json_size;
use crate::{Activation, Arguments, Kind, Status};

/// What a callback reports about an activation that ended: enough to write the body of every attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    activation: Activation,
    /// The caller's own arguments. The defaults of packages and actions are left out, because they may be secrets.
    arguments: Arguments,
    /// The setting `server.name`.
    server: String,
    /// Whether something was left out for want of room.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    incomplete: bool,
}

impl Notice {
    /// How many bytes of results, errors and arguments one template may take, before they are escaped. The first that
    /// does not fit stays empty, and so do all after it. Without this limit, a template could repeat a result a
    /// thousand times.
    pub const LONGEST: usize = 4 << 20;

    /// A notice with only those parts of the record and the arguments that a body of the form `payload` can show.
    /// `server` is the setting `server.name`.
    pub fn new(activation: Activation, arguments: Arguments, server: String, payload: &CallbackPayload) -> Self {
        let activation = Activation { input: None, ..activation };
        let mut notice = Notice { activation, arguments, server, incomplete: false };
        match payload {
            CallbackPayload::Activation => notice.arguments.clear(),
            CallbackPayload::Template(_) => notice.activation.logs.clear(),
            CallbackPayload::Result => notice.keep_result_only(),
            CallbackPayload::Default => notice.keep_outcome_only(),
        }
        notice
    }

    /// Leaves out result, logs and arguments, if there are any: whatever can be large. The record has them.
    pub fn shorten(&mut self) {
        let Notice { activation, arguments, .. } = &*self;
        let had_result = activation.response.result.as_object().is_none_or(|result| !result.is_empty());
        self.incomplete |= had_result || !activation.logs.is_empty() || !arguments.is_empty();
        self.keep_outcome_only();
    }

    /// Whether [`shorten`](Notice::shorten) left something out.
    pub fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    fn keep_outcome_only(&mut self) {
        self.keep_result_only();
        self.activation.response.result = Value::Object(Map::new());
    }

    fn keep_result_only(&mut self) {
        self.arguments.clear();
        self.activation.logs.clear();
    }

    /// The body of attempt number `attempt`, as compact JSON.
    pub fn render(&self, callback: &Callback, attempt: u32) -> String {
        match &callback.payload {
            CallbackPayload::Default => json(&self.summary(callback, None)),
            CallbackPayload::Result => json(&self.summary(callback, Some(&self.activation.response.result))),
            CallbackPayload::Activation => json(&self.activation.wire()),
            CallbackPayload::Template(template) => {
                let mut filling = Filling { notice: self, callback, attempt, left: Notice::LONGEST };
                json(&filling.fill(template.as_value()))
            }
        }
    }

    fn summary<'a>(&'a self, callback: &'a Callback, result: Option<&'a Value>) -> Summary<'a> {
        let id = self.activation.id.to_string();
        Summary {
            run_id: id.clone(),
            activation_id: id,
            name: callback.name.to_string(),
            object_type: self.object_type(),
            status: self.activation.response.status.as_str(),
            status_code: self.activation.response.status.code(),
            correlation_id: callback.correlation_id.as_deref(),
            result,
        }
    }

    fn object_type(&self) -> &'static str {
        match self.activation.filter_kind() {
            Kind::SEQUENCE => "sequence",
            _ => "action",
        }
    }

    /// The error in the result. `None` on success, whatever the result looks like.
    fn error(&self) -> Option<&Value> {
        match self.activation.response.status {
            Status::Success => None,
            Status::ApplicationError | Status::DeveloperError | Status::WhiskError => {
                self.activation.response.result.get("error")
            }
        }
    }

    fn error_message(&self) -> Cow<'_, str> {
        let Some(error) = self.error() else { return Cow::Borrowed("") };
        text(error.get("error").or_else(|| error.get("message")).unwrap_or(error))
    }

    fn error_insert(&self) -> Cow<'_, str> {
        match self.error() {
            Some(error @ Value::Object(_)) => text(error),
            Some(_) | None => Cow::Borrowed(""),
        }
    }
}

/// The default body; its keys in the order of the contract.
#[derive(Serialize)]
struct Summary<'a> {
    run_id: String,
    #[serde(rename = "activationId")]
    activation_id: String,
    name: String,
    object_type: &'a str,
    status: &'a str,
    #[serde(rename = "statusCode")]
    status_code: u8,
    #[serde(rename = "correlationId", skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a Value>,
}

/// A template that is being filled in.
struct Filling<'a> {
    notice: &'a Notice,
    callback: &'a Callback,
    attempt: u32,
    /// What is left of [`Notice::LONGEST`].
    left: usize,
}

impl<'a> Filling<'a> {
    fn fill(&mut self, template: &Value) -> Value {
        match template {
            Value::String(text) => self.fill_text(text),
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(members) => {
                members.iter().map(|(key, value)| (key.clone(), self.fill(value))).collect::<Map<_, _>>().into()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => template.clone(),
        }
    }

    fn fill_text(&mut self, template: &str) -> Value {
        let pieces = pieces(template);
        if let [Piece::Fact(Fact::Result)] = pieces[..] {
            return self.result();
        }
        let mut filled = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) | Piece::Unknown(text) => filled.push_str(text),
                Piece::Fact(fact) => filled.push_str(&self.fact(fact)),
                Piece::Argument(name) => {
                    let arguments = &self.notice.arguments;
                    filled.push_str(&self.fit(|| arguments.get(name).map_or(Cow::Borrowed(""), text)));
                }
            }
        }
        Value::String(filled)
    }

    /// The result, or null if it no longer fits.
    fn result(&mut self) -> Value {
        let result = &self.notice.activation.response.result;
        if self.left != 0 && self.spend(json_size(result)) { result.clone() } else { Value::Null }
    }

    fn fact(&mut self, fact: Fact) -> Cow<'a, str> {
        let (notice, callback) = (self.notice, self.callback);
        let record = &notice.activation;
        match fact {
            Fact::ActivationId => record.id.to_string().into(),
            Fact::Name => callback.name.to_string().into(),
            Fact::ObjectType => notice.object_type().into(),
            Fact::OutcomeCode => record.response.status.code().to_string().into(),
            Fact::Status => record.response.status.as_str().into(),
            Fact::ErrorMessage => self.fit(|| notice.error_message()),
            Fact::ErrorCode => format!("{:08}", record.response.status.code()).into(),
            Fact::ErrorInsert => self.fit(|| notice.error_insert()),
            Fact::Server => notice.server.as_str().into(),
            Fact::Namespace => callback.namespace.as_str().into(),
            Fact::Subject => record.subject.as_str().into(),
            Fact::Start => record.start.millis().to_string().into(),
            Fact::End => record.end.map_or(String::new(), |end| end.millis().to_string()).into(),
            Fact::Duration => record.duration_ms.map_or(String::new(), |duration| duration.to_string()).into(),
            Fact::CorrelationId => callback.correlation_id.as_deref().unwrap_or_default().into(),
            Fact::Cause => callback.cause.map_or(String::new(), |cause| cause.to_string()).into(),
            Fact::Attempt => self.attempt.to_string().into(),
            Fact::Result => self.fit(|| json(&record.response.result).into()),
        }
    }

    /// A text that may be as long as a payload. It is empty if it no longer fits; after that, none is made.
    fn fit<'b>(&mut self, make: impl FnOnce() -> Cow<'b, str>) -> Cow<'b, str> {
        if self.left == 0 {
            return Cow::Borrowed("");
        }
        let text = make();
        if self.spend(text.len()) { text } else { Cow::Borrowed("") }
    }

    /// Whether `size` more bytes fit. Once something does not fit, nothing does.
    fn spend(&mut self, size: usize) -> bool {
        let left = self.left.checked_sub(size);
        self.left = left.unwrap_or(0);
        left.is_some()
    }
}

/// A string as it is, anything else as compact JSON.
fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => text.into(),
        other => json(other).into(),
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts, numbers and JSON values always serialize")
}

#[cfg(test)]
mod tests;
