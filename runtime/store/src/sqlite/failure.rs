//! Translates errors of SQLite into [`StoreError`].

use anyhow::anyhow;
use rusqlite::{ErrorCode, ffi};

use super::read_queue::NotQueued;
use crate::StoreError;

impl From<rusqlite::Error> for StoreError {
    fn from(cause: rusqlite::Error) -> Self {
        let Some(error) = cause.sqlite_error() else { return StoreError::Broken(cause.into()) };
        match (error.code, error.extended_code) {
            // The second pattern: the index of the write-ahead log could not grow.
            (ErrorCode::DiskFull, _) | (_, ffi::SQLITE_IOERR_SHMSIZE) => StoreError::Full,
            (ErrorCode::OperationInterrupted, _) => StoreError::TooSlow { limit_ms: 0 }, // the reader knows the limit
            (ErrorCode::SystemIoFailure, _) => StoreError::DiskFailed(cause.to_string()),
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

/// A read that the queue did not take.
pub(super) fn too_many_reads(refused: NotQueued) -> StoreError {
    match refused {
        NotQueued::Closed => closed(),
        NotQueued::Full(waiting) => StoreError::Unavailable(format!("{waiting} reads of the namespace wait already")),
    }
}

pub(super) fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".into())
}

/// Why a whole transaction was not written: a `StoreError` that can be cloned for each of its callers.
#[derive(Clone, Debug)]
pub(super) enum TransactionFailure {
    Full,
    Unavailable(String),
    /// The disk did not do what it was told. What it holds is known only after the log was read again.
    DiskFailed(String),
    Broken(String),
}

impl From<&StoreError> for TransactionFailure {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Full => TransactionFailure::Full,
            StoreError::Unavailable(reason) => TransactionFailure::Unavailable(reason.clone()),
            StoreError::DiskFailed(cause) => TransactionFailure::DiskFailed(cause.clone()),
            StoreError::Broken(cause) => TransactionFailure::Broken(format!("{cause:#}")),
            StoreError::Conflict | StoreError::OverQuota { .. } | StoreError::TooSlow { .. } => {
                TransactionFailure::Broken(error.to_string())
            }
        }
    }
}

impl From<TransactionFailure> for StoreError {
    fn from(failure: TransactionFailure) -> Self {
        match failure {
            TransactionFailure::Full => StoreError::Full,
            TransactionFailure::Unavailable(reason) => StoreError::Unavailable(reason),
            TransactionFailure::DiskFailed(cause) => StoreError::DiskFailed(cause),
            TransactionFailure::Broken(cause) => StoreError::Broken(anyhow!(cause)),
        }
    }
}
