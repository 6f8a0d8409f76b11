//! What an error of SQLite means to the caller.

use anyhow::anyhow;
use rusqlite::{ErrorCode, ffi};

use crate::StoreError;

impl From<rusqlite::Error> for StoreError {
    fn from(cause: rusqlite::Error) -> Self {
        let Some(error) = cause.sqlite_error() else { return StoreError::Broken(cause.into()) };
        match (error.code, error.extended_code) {
            // The second one: the index of the write-ahead log could not grow.
            (ErrorCode::DiskFull, _) | (_, ffi::SQLITE_IOERR_SHMSIZE) => StoreError::Full,
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => {
                StoreError::Unavailable("another process holds the database".into())
            }
            _ => StoreError::Broken(cause.into()),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(cause: serde_json::Error) -> Self {
        StoreError::Broken(cause.into())
    }
}

pub(super) fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".into())
}

/// Why a whole transaction was not written: a `StoreError` that can be told to each of its callers.
#[derive(Clone, Debug)]
pub(super) enum Lost {
    Full,
    Unavailable(String),
    Broken(String),
}

impl From<&StoreError> for Lost {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Full => Lost::Full,
            StoreError::Unavailable(reason) => Lost::Unavailable(reason.clone()),
            StoreError::Broken(cause) => Lost::Broken(format!("{cause:#}")),
            StoreError::Conflict => Lost::Broken(error.to_string()),
        }
    }
}

impl From<Lost> for StoreError {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Full => StoreError::Full,
            Lost::Unavailable(reason) => StoreError::Unavailable(reason),
            Lost::Broken(cause) => StoreError::Broken(anyhow!(cause)),
        }
    }
}
