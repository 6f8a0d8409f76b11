//! How long and how much is kept of what grows by itself.

use async_trait::async_trait;
use wask_model::{NamespaceName, Timestamp};

use crate::StoreError;

/// What grows by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionClass {
    /// Records of activations.
    Records,
    DeadLetters,
    /// Callbacks that are over.
    Callbacks,
}

impl RetentionClass {
    pub const ALL: [RetentionClass; 3] =
        [RetentionClass::Records, RetentionClass::DeadLetters, RetentionClass::Callbacks];
}

/// The oldest go first; what has not ended stays whatever its age.
#[async_trait]
pub trait RetentionStore: Send + Sync {
    /// Removes up to `limit` that ended (triggers: started) before `before`; returns how many.
    async fn forget_before(&self, kind: RetentionClass, before: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Removes up to `limit` of those of which one namespace keeps more than `bytes`, its oldest first; returns how many.
    /// Bytes are those of the texts as stored.
    async fn forget_beyond(&self, kind: RetentionClass, bytes: u64, limit: u32) -> Result<u64, StoreError>;

    /// Bytes that a namespace keeps.
    async fn kept_bytes(&self, kind: RetentionClass, namespace: &NamespaceName) -> Result<u64, StoreError>;

    /// Removes up to `limit` keys whose first request came before `before`; returns how many.
    async fn forget_keys(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Removes up to `limit` records of changes before `before`; returns how many.
    async fn forget_audit(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Removes up to `limit` past ticks that were decided before `before`; returns how many.
    async fn forget_ticks(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
