//! Removes what is too old, or more than a namespace may keep.

use async_trait::async_trait;
use wask_model::{NamespaceName, Timestamp};

use crate::StoreError;

/// Data that grows by itself and has bounds of age and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionClass {
    /// Records of activations and firings.
    Records,
    /// Jobs that used up their attempts.
    DeadLetters,
    /// Callbacks that are over.
    Callbacks,
    /// Who changed which entity.
    Audit,
}

impl RetentionClass {
    /// Every class.
    pub const ALL: [RetentionClass; 4] =
        [RetentionClass::Records, RetentionClass::DeadLetters, RetentionClass::Callbacks, RetentionClass::Audit];
}

/// Removes the oldest data first, and nothing that has not ended, whatever its age. Every method removes up to `limit`
/// and returns how many; fewer than `limit` means that nothing is left to remove.
#[async_trait]
pub trait RetentionStore: Send + Sync {
    /// Removes what ended before `before`; a firing counts from its start.
    async fn forget_before(&self, class: RetentionClass, before: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Removes, for each namespace that keeps more than `bytes`, its oldest until it does not. Bytes are those of the
    /// texts as stored. Where the operator set a bound for a namespace, that one holds: see
    /// [`LimitOverrides`](wask_model::LimitOverrides).
    async fn forget_beyond(&self, class: RetentionClass, bytes: u64, limit: u32) -> Result<u64, StoreError>;

    /// How many bytes a namespace keeps.
    async fn kept_bytes(&self, class: RetentionClass, namespace: &NamespaceName) -> Result<u64, StoreError>;

    /// The namespace that keeps most bytes: all classes, jobs and callbacks that are not over, and entities. `None`:
    /// none keeps anything.
    async fn keeps_most(&self) -> Result<Option<NamespaceName>, StoreError>;

    /// Removes idempotency keys whose first request came before `before`.
    async fn forget_keys(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Removes past ticks that were decided before `before`.
    async fn forget_ticks(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
