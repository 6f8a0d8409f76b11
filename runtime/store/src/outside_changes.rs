//! Writes of other processes to the same store.

use async_trait::async_trait;

use crate::StoreError;

/// Notices outside changes: writes by an operator's command or another node, which make a node's caches stale.
#[async_trait]
pub trait OutsideChanges: Send + Sync {
    /// Whether another process may have written since the last call; `true` at the first call. The writes of this
    /// process do not count.
    async fn changed_outside(&self) -> Result<bool, StoreError>;
}
