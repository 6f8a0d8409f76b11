//! Who changed which entity.

use async_trait::async_trait;
use wask_model::{AuditRecord, NamespaceName, Timestamp};

use crate::StoreError;

/// Which changes of a namespace's entities. The newest first.
#[derive(Clone, Debug)]
pub struct AuditQuery {
    pub namespace: NamespaceName,
    /// `name` or `package/name`.
    pub name: Option<String>,
    /// Bounds of the time, both inclusive.
    pub since: Option<Timestamp>,
    pub upto: Option<Timestamp>,
    pub skip: u64,
    pub limit: u64,
}

/// Read only: the records are written by [`EntityStore::apply`](crate::EntityStore::apply), together with the changes.
#[async_trait]
pub trait AuditStore: Send + Sync {
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>, StoreError>;

    /// How many match, `skip` and `limit` aside.
    async fn count_audit(&self, query: &AuditQuery) -> Result<u64, StoreError>;
}
