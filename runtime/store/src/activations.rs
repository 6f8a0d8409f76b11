//! Records of activations that have ended.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::value::RawValue;
use wask_model::{
    Activation, ActivationId, Annotations, EntityName, NamespaceName, Status, StatusFilter, Timestamp, Version,
};

use crate::{ListPage, StoreError};

/// Selects activations of one namespace: those that pass every filter, latest `start` first. Among activations that
/// started in the same millisecond, the greater id comes first.
#[derive(Clone, Debug)]
pub struct ActivationQuery {
    /// The namespace that owns the activations.
    pub namespace: NamespaceName,
    /// Equals [`Activation::filter_name`]: `name` or `package/name`.
    pub name: Option<String>,
    /// Occurs in [`Activation::filter_name`], in upper or lower case.
    pub contains: Option<String>,
    /// The status, or any failure.
    pub status: Option<StatusFilter>,
    /// Equals [`Activation::filter_kind`].
    pub kind: Option<String>,
    /// The activation that led to them.
    pub cause: Option<ActivationId>,
    /// Earliest `start`, inclusive.
    pub since: Option<Timestamp>,
    /// Latest `start`, inclusive.
    pub upto: Option<Timestamp>,
    /// Only activations that come after this position. The record at the position need not exist any more.
    pub after: Option<ListPosition>,
    /// How many to leave out at the beginning.
    pub skip: u64,
    /// How many to return at most.
    pub limit: u64,
    /// How many bytes whole records may have together; at least one is returned.
    pub bytes: u64,
}

impl ActivationQuery {
    /// The newest `limit` activations of a namespace, without a filter.
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
            bytes: u64::MAX,
        }
    }
}

/// Where a record is in every list of activations. A position stays valid whatever is written or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListPosition {
    /// When the activation started.
    pub start: Timestamp,
    /// The activation's id, which decides among those of one millisecond.
    pub id: ActivationId,
}

/// What a list shows of an activation: its record without response, logs and input. The fields are those of
/// [`Activation`].
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The activation's id.
    pub id: ActivationId,
    /// The namespace that owns it.
    pub namespace: NamespaceName,
    /// Name of the action or trigger, without its package.
    pub name: EntityName,
    /// Version of the action or trigger.
    pub version: Version,
    /// When it started.
    pub start: Timestamp,
    /// When it ended. `None`: the firing of a trigger, which has no end.
    pub end: Option<Timestamp>,
    /// How long it ran, in ms. `None`: the firing of a trigger.
    pub duration_ms: Option<u64>,
    /// The activation that led to it.
    pub cause: Option<ActivationId>,
    /// The status of its response: 0 success, 1 application error, 2 developer error, 3 whisk internal error.
    pub status_code: u8,
    /// Its annotations.
    pub annotations: Annotations,
}

/// A whole record as it is stored: what may be large is JSON text, which costs no more memory than its bytes.
#[derive(Clone, Debug)]
pub struct RecordText {
    /// What a list shows of it.
    pub summary: Summary,
    /// The subject of the invoker.
    pub subject: String,
    /// The status of its response.
    pub status: Status,
    /// Bytes of the result as the guest wrote it.
    pub size: Option<u64>,
    /// The result.
    pub result: Box<RawValue>,
    /// The lines of the log. `None`: there are none.
    pub logs: Option<Box<RawValue>>,
}

impl RecordText {
    /// Bytes of its result and its logs.
    pub fn bytes(&self) -> u64 {
        (self.result.get().len() + self.logs.as_ref().map_or(0, |logs| logs.get().len())) as u64
    }
}

/// Records. Each is written once, when the activation has ended, and never changes.
///
/// A list costs as much as its page, however many records the namespace has, if it has no filter or filters by `name`,
/// `cause`, time, or a status that is not success. `after` is free; `skip` costs what it leaves out. `contains`, `kind`
/// and the status success are checked one record after the other, in the index alone, until the page is full. Counting
/// reads everything that it counts.
#[async_trait]
pub trait ActivationStore: Send + Sync {
    /// Writes the records of activations that ended without a job. A record whose id exists already stays as it is.
    async fn record(&self, records: &[Arc<Activation>]) -> Result<(), StoreError>;

    /// The record of one activation. `None`: this namespace has no such record, or not yet.
    async fn activation(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Option<Activation>, StoreError>;

    /// One page of a list, without responses, logs and inputs.
    async fn activation_summaries(&self, query: &ActivationQuery) -> Result<Vec<Summary>, StoreError>;

    /// The record of one activation as text. `None`: this namespace has no such record, or not yet.
    async fn activation_text(
        &self,
        namespace: &NamespaceName,
        id: ActivationId,
    ) -> Result<Option<RecordText>, StoreError>;

    /// One page of a list, with whole records.
    async fn activation_records(&self, query: &ActivationQuery) -> Result<ListPage<RecordText>, StoreError>;

    /// How many activations match and come after `query.after`. Ignores `skip` and `limit`.
    async fn count_activations(&self, query: &ActivationQuery) -> Result<u64, StoreError>;
}
