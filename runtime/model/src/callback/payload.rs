//! The forms of a callback's body. feeds.md §C.4, §C.5.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::fields::refused;
use super::template::Template;
use crate::Failure;
use crate::messages::callbacks as says;

/// The form of the body that is sent. In JSON it is the word, or the template itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum CallbackPayload {
    /// The ids, the name and the status.
    #[default]
    Default,
    /// The default body with the result.
    Result,
    /// The whole record of the activation, as GET shows it.
    Activation,
    /// The subscriber's own body, with its placeholders filled in.
    Template(Template),
}

impl CallbackPayload {
    /// `Err` begins with `path`.
    pub(super) fn read(path: &str, value: &Value) -> Result<Self, Failure> {
        match value {
            Value::String(word) => match word.as_str() {
                "default" => Ok(CallbackPayload::Default),
                "result" => Ok(CallbackPayload::Result),
                "activation" => Ok(CallbackPayload::Activation),
                _ => Err(refused(says::not_a_payload(path))),
            },
            Value::Object(_) => Template::read(path, value).map(CallbackPayload::Template),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                Err(refused(says::not_a_payload(path)))
            }
        }
    }

    /// Its form in JSON.
    pub fn to_value(&self) -> Value {
        match self {
            CallbackPayload::Default => "default".into(),
            CallbackPayload::Result => "result".into(),
            CallbackPayload::Activation => "activation".into(),
            CallbackPayload::Template(template) => template.as_value().clone(),
        }
    }
}

impl Serialize for CallbackPayload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for CallbackPayload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        CallbackPayload::read("the payload", &value).map_err(serde::de::Error::custom)
    }
}
