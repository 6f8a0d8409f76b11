//! The record of an activation in JSON, as clients see it. rest.md §4.2.

use serde::ser::{Serialize, SerializeStruct as _, Serializer};
use serde_json::Value;

use crate::{Activation, Kind, Response};

/// The record as `GET activations/{id}`, a blocking invocation and lists with `docs=true` return it.
pub struct WireRecord<'a> {
    activation: &'a Activation,
    logs: &'a [String],
}

/// The `response` of a record, also returned by `GET activations/{id}/result`.
pub struct WireResponse<'a>(pub &'a Response);

impl Activation {
    /// The whole record.
    pub fn wire(&self) -> WireRecord<'_> {
        WireRecord { activation: self, logs: &self.logs }
    }

    /// The record as a blocking invocation returns it. The `logs` of an action are empty: only its stored record has
    /// the lines. Those of a sequence are the ids of its components.
    pub fn wire_of_answer(&self) -> WireRecord<'_> {
        let logs = if self.filter_kind() == Kind::SEQUENCE { &*self.logs } else { &[] };
        WireRecord { activation: self, logs }
    }

    /// [`wire_of_answer`](Activation::wire_of_answer) as a value, for a guest that invoked and waited.
    pub fn to_wire(&self) -> Value {
        serde_json::to_value(self.wire_of_answer()).expect("a record always serializes")
    }
}

impl Serialize for WireRecord<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let a = self.activation;
        let mut out = serializer.serialize_struct("Activation", 14)?;
        out.serialize_field("namespace", &a.namespace)?;
        out.serialize_field("name", &a.name)?;
        out.serialize_field("version", &a.version)?;
        out.serialize_field("publish", &false)?;
        out.serialize_field("subject", &a.subject)?;
        out.serialize_field("activationId", &a.id)?;
        if let Some(cause) = &a.cause {
            out.serialize_field("cause", cause)?;
        }
        out.serialize_field("start", &a.start)?;
        if let Some(end) = &a.end {
            out.serialize_field("end", end)?;
        }
        if let Some(duration) = &a.duration_ms {
            out.serialize_field("duration", duration)?;
        }
        out.serialize_field("response", &WireResponse(&a.response))?;
        out.serialize_field("logs", self.logs)?;
        out.serialize_field("annotations", &a.annotations)?;
        out.end()
    }
}

impl Serialize for WireResponse<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Response", 4)?;
        out.serialize_field("result", &self.0.result)?;
        out.serialize_field("status", self.0.status.as_str())?;
        out.serialize_field("success", &(self.0.status == crate::Status::Success))?;
        if let Some(size) = self.0.size {
            out.serialize_field("size", &size)?;
        }
        out.end()
    }
}
