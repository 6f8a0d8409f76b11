//! Requests that carry a key: what the first of them began, so that a retry begins nothing.

use async_trait::async_trait;
use wask_model::{ActivationId, NamespaceName, Timestamp};

use crate::StoreError;

/// A request by the key that its caller gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    pub namespace: NamespaceName,
    pub key: String,
    /// SHA-256 of what a retry must repeat.
    pub digest: [u8; 32],
}

/// What the first request with a key began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedActivation {
    pub activation: ActivationId,
    pub digest: [u8; 32],
}

/// A request that is the first with its key, if none came at `since` or later.
#[derive(Clone, Debug)]
pub struct FirstRequest {
    pub request: RequestKey,
    /// What it begins.
    pub activation: ActivationId,
    pub at: Timestamp,
    pub since: Timestamp,
    /// Keys that its namespace may have.
    pub most: u64,
}

/// What became of a [`FirstRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstRequestOutcome {
    /// It is the first: it and its work are on disk.
    Stored,
    /// It is not, and nothing was stored.
    Before(KeyedActivation),
    /// Its namespace has as many keys as it may have; nothing was stored.
    Full { kept: u64, most: u64 },
}

#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// What the first request with this key began, if that was at `since` or later.
    async fn keyed_activation(
        &self,
        namespace: &NamespaceName,
        key: &str,
        since: Timestamp,
    ) -> Result<Option<KeyedActivation>, StoreError>;
}
