//! The JSON of whole records, put together from the texts that are stored. rest.md §4.2.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use wask_model::Status;
use wask_store::RecordText;

/// A record as `GET activations/{id}` and lists with `docs=true` return it.
pub struct StoredRecord(pub RecordText);

/// The `response` of a record, also returned by `GET activations/{id}/result`.
pub struct StoredResponse(pub RecordText);

/// `{"logs"}`, as `GET activations/{id}/logs` returns it.
pub struct StoredLogs(pub RecordText);

impl Serialize for StoredRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let StoredRecord(record) = self;
        let head = &record.summary;
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("namespace", &head.namespace)?;
        out.serialize_entry("name", &head.name)?;
        out.serialize_entry("version", &head.version)?;
        out.serialize_entry("publish", &false)?;
        out.serialize_entry("subject", &record.subject)?;
        out.serialize_entry("activationId", &head.id)?;
        if let Some(cause) = &head.cause {
            out.serialize_entry("cause", cause)?;
        }
        out.serialize_entry("start", &head.start)?;
        if let Some(end) = &head.end {
            out.serialize_entry("end", end)?;
        }
        if let Some(duration) = &head.duration_ms {
            out.serialize_entry("duration", duration)?;
        }
        out.serialize_entry("response", &ResponseOf(record))?;
        logs(&mut out, record)?;
        out.serialize_entry("annotations", &head.annotations)?;
        out.end()
    }
}

impl Serialize for StoredResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ResponseOf(&self.0).serialize(serializer)
    }
}

struct ResponseOf<'a>(&'a RecordText);

impl Serialize for ResponseOf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ResponseOf(record) = self;
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("result", &record.result)?;
        out.serialize_entry("status", record.status.as_str())?;
        out.serialize_entry("success", &(record.status == Status::Success))?;
        if let Some(size) = record.size {
            out.serialize_entry("size", &size)?;
        }
        out.end()
    }
}

impl Serialize for StoredLogs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        logs(&mut out, &self.0)?;
        out.end()
    }
}

fn logs<M: serde::ser::SerializeMap>(out: &mut M, record: &RecordText) -> Result<(), M::Error> {
    match &record.logs {
        Some(lines) => out.serialize_entry("logs", lines),
        None => out.serialize_entry("logs", &[(); 0]),
    }
}
