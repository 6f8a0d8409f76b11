//! Writes and reads single values: ids, times, counts, names, JSON.

use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde::de::DeserializeOwned;
use wask_model::{ActivationId, FullName, NamespaceName, Timestamp};

use crate::StoreError;

/// SQLite has no unsigned numbers; a larger number becomes the largest one.
pub(super) fn sql_number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn id(row: &Row<'_>, column: usize) -> Result<ActivationId, StoreError> {
    Ok(ActivationId::from_bytes(row.get(column)?))
}

pub(super) fn time(row: &Row<'_>, column: usize) -> Result<Timestamp, StoreError> {
    Ok(Timestamp::from_millis(row.get(column)?))
}

pub(super) fn optional_time(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}

/// Reads a count, which is never negative, from the first column.
pub(super) fn count(row: &Row<'_>) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(0)?.unsigned_abs())
}

/// Reads a namespace. It was valid when it was written, so `Err` means that the database is damaged.
pub(super) fn namespace(row: &Row<'_>, column: usize) -> Result<NamespaceName, StoreError> {
    let name = text(row, column)?.parse::<NamespaceName>();
    name.map_err(|cause| StoreError::Broken(anyhow::anyhow!("a stored namespace is no name: {cause}")))
}

/// Reads JSON without copying its text first. NULL reads as `null`.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, StoreError> {
    Ok(serde_json::from_str(text(row, column)?)?)
}

/// Reads a text without copying it. NULL reads as `null`.
pub(super) fn text<'row>(row: &'row Row<'_>, column: usize) -> Result<&'row str, StoreError> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok("null"),
        other => Ok(other.as_str().map_err(rusqlite::Error::from)?),
    }
}

/// The primary key of an entity or an alarm.
#[derive(Debug)]
pub(super) struct Key {
    pub namespace: NamespaceName,
    pub local: String,
}

impl From<&FullName> for Key {
    fn from(name: &FullName) -> Self {
        Key { namespace: name.namespace.clone(), local: name.local() }
    }
}
