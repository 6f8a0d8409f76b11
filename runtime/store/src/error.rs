//! Why the store could not do what it was asked.

use wask_model::{Failure, messages};

/// A variant exists only where somebody acts differently on it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed an entity since it was read; nothing was written.
    #[error("the entity was changed by somebody else")]
    Conflict,
    /// The disk or the quota is full; nothing was written.
    #[error("the store is full")]
    Full,
    /// The store does not answer now (locked, closing, out of reach); nothing is known to be written.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    #[error("the store failed: {0:#}")]
    Broken(anyhow::Error),
}

impl From<anyhow::Error> for StoreError {
    fn from(cause: anyhow::Error) -> Self {
        StoreError::Broken(cause)
    }
}

/// What a caller is told when the store does not do what it is asked.
impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        match error {
            StoreError::Conflict => Failure::Conflict(messages::CONCURRENT_MODIFICATION.into()),
            StoreError::Full => Failure::Unavailable(messages::STORE_FULL.into()),
            StoreError::Unavailable(_) => Failure::Unavailable(messages::UNAVAILABLE.into()),
            StoreError::Broken(cause) => Failure::Internal(cause),
        }
    }
}
