//! Records of what ran.

use std::sync::Arc;

use async_trait::async_trait;
use wask_model::{Activation, ActivationId, Annotations, EntityName, NamespaceName, Timestamp, Version};

use crate::StoreError;

/// Which activations of a namespace. Newest `start` first.
#[derive(Clone, Debug)]
pub struct ActivationQuery {
    pub namespace: NamespaceName,
    /// Compared with [`Activation::filter_name`]: `name` or `pkg/name`.
    pub name: Option<String>,
    /// Bounds of `start`, both inclusive.
    pub since: Option<Timestamp>,
    pub upto: Option<Timestamp>,
    pub skip: u64,
    pub limit: u64,
}

/// What a list shows of an activation.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    pub id: ActivationId,
    pub namespace: NamespaceName,
    pub name: EntityName,
    pub version: Version,
    pub start: Timestamp,
    pub end: Option<Timestamp>,
    pub duration_ms: Option<u64>,
    pub cause: Option<ActivationId>,
    pub status_code: u8,
    pub annotations: Annotations,
}

/// Records are written once, when an activation has ended, and never change.
#[async_trait]
pub trait ActivationStore: Send + Sync {
    /// Writes the records of ended activations that no job stands for. A record whose id exists already is left as it is.
    async fn record(&self, records: &[Arc<Activation>]) -> Result<(), StoreError>;

    async fn activation(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Option<Activation>, StoreError>;

    async fn activation_summaries(&self, query: &ActivationQuery) -> Result<Vec<Summary>, StoreError>;

    async fn activation_records(&self, query: &ActivationQuery) -> Result<Vec<Activation>, StoreError>;

    /// How many match, `skip` and `limit` aside.
    async fn count_activations(&self, query: &ActivationQuery) -> Result<u64, StoreError>;

    /// Removes up to `limit` records that ended (triggers: started) before `before`; returns how many.
    async fn forget_activations(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
