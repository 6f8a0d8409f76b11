//! Records of what ran.

use std::sync::Arc;

use async_trait::async_trait;
use wask_model::{Activation, ActivationId, Annotations, EntityName, NamespaceName, StatusFilter, Timestamp, Version};

use crate::StoreError;

/// Which activations of a namespace: those that every given filter lets through, newest `start` first, and the greater
/// id first among those of one millisecond.
#[derive(Clone, Debug)]
pub struct ActivationQuery {
    pub namespace: NamespaceName,
    /// Compared with [`Activation::filter_name`]: `name` or `pkg/name`.
    pub name: Option<String>,
    /// Text that [`Activation::filter_name`] contains, in whatever case.
    pub contains: Option<String>,
    pub status: Option<StatusFilter>,
    /// Compared with [`Activation::filter_kind`].
    pub kind: Option<String>,
    /// The activation that led to them.
    pub cause: Option<ActivationId>,
    /// Bounds of `start`, both inclusive.
    pub since: Option<Timestamp>,
    pub upto: Option<Timestamp>,
    /// Only what comes behind this place, which need not be that of a record any more.
    pub after: Option<ListPosition>,
    pub skip: u64,
    pub limit: u64,
}

impl ActivationQuery {
    /// Everything of a namespace, in one page of `limit`.
    pub fn new(namespace: NamespaceName, limit: u64) -> Self {
        ActivationQuery {
            namespace,
            name: None,
            contains: None,
            status: None,
            kind: None,
            cause: None,
            since: None,
            upto: None,
            after: None,
            skip: 0,
            limit,
        }
    }
}

/// Where a record stands in every list: a place between two others, whatever is written or forgotten meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListPosition {
    pub start: Timestamp,
    pub id: ActivationId,
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
///
/// A list takes as long as its page, however many records the namespace has, when it asks for everything or filters by
/// `name`, by `cause`, by a status that is not success, or by time; `after` costs nothing, `skip` as much as what it skips.
/// `contains`, `kind` and `status` success look at one record after the other until the page is full: at those that the
/// former filters leave, and at their place in the index only. Counting looks at everything it counts.
#[async_trait]
pub trait ActivationStore: Send + Sync {
    /// Writes the records of ended activations that no job stands for. A record whose id exists already is left as it is.
    async fn record(&self, records: &[Arc<Activation>]) -> Result<(), StoreError>;

    async fn activation(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Option<Activation>, StoreError>;

    async fn activation_summaries(&self, query: &ActivationQuery) -> Result<Vec<Summary>, StoreError>;

    async fn activation_records(&self, query: &ActivationQuery) -> Result<Vec<Activation>, StoreError>;

    /// How many match and come behind `after`; `skip` and `limit` aside.
    async fn count_activations(&self, query: &ActivationQuery) -> Result<u64, StoreError>;
}
