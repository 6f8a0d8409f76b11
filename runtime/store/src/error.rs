//! Why the store could not do what it was asked to do.

use wask_model::{Failure, messages};

/// An error of the store. A variant exists only where a caller handles it differently.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer has changed the entity since it was read. Nothing was written.
    #[error("the entity has changed since it was read")]
    Conflict,
    /// A namespace would have more than it may. Nothing was written.
    #[error("limits.{limit} allows {allowed}, and it would be {asked}")]
    OverQuota {
        /// The limit, below `limits.`.
        limit: &'static str,
        /// Its value.
        allowed: u64,
        /// What the namespace would have.
        asked: u64,
    },
    /// The disk is full, or the store has reached its size limit. Nothing was written.
    #[error("the store is full")]
    Full,
    /// The store does not answer now: it is locked, closing or out of reach. The write may or may not have happened.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A read for a namespace ran into its time limit.
    #[error("the query took longer than {limit_ms} ms")]
    TooSlow {
        /// `store.sqlite.query_ms`.
        limit_ms: u64,
    },
    /// The disk failed a read or a write. A failed write may or may not have happened; see [`OnFault`](crate::OnFault).
    #[error("the disk failed: {0}")]
    DiskFailed(String),
    /// The store failed in a way that no caller can handle; an operator has to look.
    #[error("the store failed: {0:#}")]
    Broken(anyhow::Error),
}

impl From<anyhow::Error> for StoreError {
    fn from(cause: anyhow::Error) -> Self {
        StoreError::Broken(cause)
    }
}

/// The failure that a client of the server gets.
impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        match error {
            StoreError::Conflict => Failure::Conflict(messages::CONCURRENT_MODIFICATION.into()),
            StoreError::OverQuota { limit, allowed, asked } => {
                Failure::TooLarge(messages::over_quota(limit, allowed, asked))
            }
            StoreError::Full => Failure::Unavailable(messages::STORE_FULL.into()),
            StoreError::TooSlow { limit_ms } => Failure::Unavailable(messages::query_too_slow(limit_ms)),
            StoreError::Unavailable(_) => Failure::Unavailable(messages::UNAVAILABLE.into()),
            StoreError::DiskFailed(cause) => Failure::Internal(anyhow::anyhow!("the disk failed: {cause}")),
            StoreError::Broken(cause) => Failure::Internal(cause),
        }
    }
}
