//! Rows of the table `activation`: splits a record into columns.

use std::borrow::Cow;

use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};
use wask_model::{Activation, ActivationId, Annotations, EntityName, NamespaceName, Response, Timestamp, Version};

use super::stored_bytes;
use super::values::{self, sql_number};
use crate::{RetentionClass, StoreError};

/// What a list shows of an activation besides the columns that lists are searched by.
#[derive(Serialize, Deserialize)]
pub(super) struct Head<'a> {
    pub name: Cow<'a, EntityName>,
    pub version: Version,
    pub subject: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<ActivationId>,
    pub status: u8,
    pub annotations: Cow<'a, Annotations>,
}

/// A record, already serialized to spare the writer thread.
pub(super) struct RecordRow {
    namespace: NamespaceName,
    id: [u8; 16],
    start: i64,
    ended: Option<i64>,
    name: String,
    status: u8,
    kind: String,
    cause: Option<[u8; 16]>,
    head: String,
    response: String,
    logs: Option<String>,
    input: Option<String>,
}

impl RecordRow {
    pub fn new(record: &Activation) -> Result<RecordRow, StoreError> {
        let head = Head {
            name: Cow::Borrowed(&record.name),
            version: record.version,
            subject: Cow::Borrowed(&record.subject),
            duration_ms: record.duration_ms,
            cause: record.cause,
            status: record.response.status.code(),
            annotations: Cow::Borrowed(&record.annotations),
        };
        Ok(RecordRow {
            namespace: record.namespace.clone(),
            id: record.id.to_bytes(),
            start: record.start.millis(),
            ended: record.end.map(Timestamp::millis),
            name: record.filter_name(),
            status: head.status,
            kind: record.filter_kind().to_owned(),
            cause: record.cause.map(ActivationId::to_bytes),
            head: serde_json::to_string(&head)?,
            response: serde_json::to_string(&record.response)?,
            logs: (!record.logs.is_empty()).then(|| serde_json::to_string(&record.logs)).transpose()?,
            input: record.input.as_ref().map(serde_json::to_string).transpose()?,
        })
    }

    pub fn all(records: &[impl std::borrow::Borrow<Activation>]) -> Result<Vec<RecordRow>, StoreError> {
        records.iter().map(|record| RecordRow::new(record.borrow())).collect()
    }

    /// How many bytes it adds to what its namespace stores.
    fn bytes(&self) -> usize {
        let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        self.head.len() + self.response.len() + optional(&self.logs) + optional(&self.input)
    }

    /// When the activation ended, or when it started if it has no end.
    pub fn last_time(&self) -> i64 {
        self.ended.unwrap_or(self.start)
    }
}

/// Stores records and counts their bytes. A record that exists stays as it is.
pub(super) fn insert_records(db: &Connection, records: &[RecordRow]) -> Result<(), StoreError> {
    let mut insert = db.prepare_cached(
        "INSERT INTO activation (namespace, id, start, ended, name, head, response, logs, status, kind, cause, input)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING",
    )?;
    let mut bytes: Vec<(&str, usize)> = Vec::new();
    for r in records {
        let written = insert.execute(params![
            r.namespace.as_str(),
            r.id,
            r.start,
            r.ended,
            r.name,
            r.head,
            r.response,
            r.logs,
            r.status,
            r.kind,
            r.cause,
            r.input,
        ])?;
        if written == 0 {
            continue;
        }
        match bytes.iter_mut().find(|(namespace, _)| *namespace == r.namespace.as_str()) {
            Some((_, bytes)) => *bytes += r.bytes(),
            None => bytes.push((r.namespace.as_str(), r.bytes())),
        }
    }
    for (namespace, bytes) in bytes {
        stored_bytes::add(db, RetentionClass::Records, namespace, sql_number(bytes as u64))?;
    }
    Ok(())
}

/// Reads a response.
pub(super) fn response(row: &Row<'_>, column: usize) -> Result<Response, StoreError> {
    values::json(row, column)
}

/// Reads log lines; NULL means none.
pub(super) fn logs(row: &Row<'_>, column: usize) -> Result<Vec<String>, StoreError> {
    Ok(values::json::<Option<Vec<String>>>(row, column)?.unwrap_or_default())
}
