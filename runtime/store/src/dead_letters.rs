//! Jobs whose attempts are used up: listed, done again as another job, or thrown away.

use async_trait::async_trait;
use wask_model::{ActivationId, NamespaceName, Timestamp};

use crate::{Lane, StoreError};

/// A job that nobody tries any more. Its activation has ended and has a record.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    /// That of the activation.
    pub id: ActivationId,
    pub lane: Lane,
    pub namespace: NamespaceName,
    /// The full name of the action.
    pub name: String,
    pub attempts: u32,
    pub died: Timestamp,
    pub reason: String,
    pub payload: String,
}

/// Which dead letters of a namespace: those that every given filter lets through, the latest to die first.
#[derive(Clone, Debug)]
pub struct DeadLetterQuery {
    pub namespace: NamespaceName,
    /// The full name of the action.
    pub name: Option<String>,
    /// Bounds of `died`, both inclusive.
    pub since: Option<Timestamp>,
    pub upto: Option<Timestamp>,
    pub skip: u64,
    pub limit: u64,
}

#[async_trait]
pub trait DeadLetterStore: Send + Sync {
    async fn dead_letters(&self, query: &DeadLetterQuery) -> Result<Vec<DeadLetter>, StoreError>;

    /// How many match; `skip` and `limit` aside.
    async fn count_dead_letters(&self, query: &DeadLetterQuery) -> Result<u64, StoreError>;

    async fn dead_letter(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Option<DeadLetter>, StoreError>;

    /// `false`: there was none.
    async fn purge_dead_letter(&self, namespace: &NamespaceName, id: ActivationId) -> Result<bool, StoreError>;

    /// Removes those of the page that the query describes; returns how many.
    async fn purge_dead_letters(&self, query: &DeadLetterQuery) -> Result<u64, StoreError>;
}
