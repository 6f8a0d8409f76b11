//! Dead letters: jobs that used up their attempts. They are listed, redriven or purged.

use async_trait::async_trait;
use wask_model::{ActivationId, NamespaceName, Timestamp};

use crate::{Lane, ListPage, StoreError};

/// A job that is not attempted any more. Its activation has ended and has a record.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    /// The activation's id.
    pub id: ActivationId,
    /// The queue that it was in.
    pub lane: Lane,
    /// The namespace that owns it.
    pub namespace: NamespaceName,
    /// Full name of the action, without the leading slash.
    pub name: String,
    /// How many attempts were made.
    pub attempts: u32,
    /// When its last attempt ended.
    pub died: Timestamp,
    /// Why no further attempt is made.
    pub reason: String,
    /// What the lane's handler read; JSON. In a list without arguments and progress, which are null there.
    pub payload: String,
}

/// Selects dead letters of one namespace: those that pass every filter, latest to die first.
#[derive(Clone, Debug)]
pub struct DeadLetterQuery {
    /// The namespace that owns the dead letters.
    pub namespace: NamespaceName,
    /// Full name of the action, without the leading slash.
    pub name: Option<String>,
    /// Earliest `died`, inclusive.
    pub since: Option<Timestamp>,
    /// Latest `died`, inclusive.
    pub upto: Option<Timestamp>,
    /// How many to leave out at the beginning.
    pub skip: u64,
    /// How many to return, or to remove, at most.
    pub limit: u64,
    /// How many bytes those in a list may have together; at least one is returned.
    pub bytes: u64,
}

/// Dead letters. [`JobStore::redrive`](crate::JobStore::redrive) puts a new job in place of one.
#[async_trait]
pub trait DeadLetterStore: Send + Sync {
    /// One page of dead letters.
    async fn dead_letters(&self, query: &DeadLetterQuery) -> Result<ListPage<DeadLetter>, StoreError>;

    /// How many dead letters match. Ignores `skip` and `limit`.
    async fn count_dead_letters(&self, query: &DeadLetterQuery) -> Result<u64, StoreError>;

    /// One dead letter. `None`: the namespace has no such dead letter.
    async fn dead_letter(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Option<DeadLetter>, StoreError>;

    /// Removes one dead letter. `false`: the namespace has no such dead letter.
    async fn purge_dead_letter(&self, namespace: &NamespaceName, id: ActivationId) -> Result<bool, StoreError>;

    /// Removes the dead letters of one page; returns how many.
    async fn purge_dead_letters(&self, query: &DeadLetterQuery) -> Result<u64, StoreError>;
}
