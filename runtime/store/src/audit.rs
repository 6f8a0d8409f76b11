//! The audit: who changed which entity, and when.

use async_trait::async_trait;
use wask_model::{AuditRecord, NamespaceName, Timestamp};

use crate::StoreError;

/// Selects changes of a namespace's entities, newest first.
#[derive(Clone, Debug)]
pub struct AuditQuery {
    /// The namespace of the entities.
    pub namespace: NamespaceName,
    /// The entity: `name` or `package/name`.
    pub name: Option<String>,
    /// Earliest change, inclusive.
    pub since: Option<Timestamp>,
    /// Latest change, inclusive.
    pub upto: Option<Timestamp>,
    /// How many to leave out at the beginning.
    pub skip: u64,
    /// How many to return at most.
    pub limit: u64,
}

/// Reads the audit. Its records are written by [`EntityStore::apply`](crate::EntityStore::apply), together with the
/// changes, and removed as [`RetentionClass::Audit`](crate::RetentionClass::Audit).
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// One page of changes.
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>, StoreError>;

    /// How many changes match. Ignores `skip` and `limit`.
    async fn count_audit(&self, query: &AuditQuery) -> Result<u64, StoreError>;
}
