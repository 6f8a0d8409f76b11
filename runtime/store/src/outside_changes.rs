//! Other processes that write into the same store.

use async_trait::async_trait;

use crate::StoreError;

/// What a node has in memory may be changed behind its back: by an operator's command, or by another node.
#[async_trait]
pub trait OutsideChanges: Send + Sync {
    /// Whether another process may have written since the last call; `true` at the first one. What this process writes
    /// does not count.
    async fn changed_outside(&self) -> Result<bool, StoreError>;
}
