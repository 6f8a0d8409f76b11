//! Idempotency keys: what the first request with a key started, so that a retry starts nothing.

use async_trait::async_trait;
use wask_model::{ActivationId, NamespaceName, Timestamp};

use crate::StoreError;

/// An idempotency key and a digest of the request that came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// The namespace that the request is for; keys of different namespaces are independent.
    pub namespace: NamespaceName,
    /// The door that the request came through, `/`, and the key in upper and lower case as given.
    pub key: String,
    /// SHA-256 of everything that a retry has to repeat.
    pub digest: [u8; 32],
}

/// The activation that the first request with a key started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedActivation {
    /// The activation's id.
    pub activation: ActivationId,
    /// The digest of the first request.
    pub digest: [u8; 32],
}

/// A request that may be the first with its key. It is the first if no request with the key came at `since` or later.
#[derive(Clone, Debug)]
pub struct FirstRequest {
    /// The key and the digest of the request.
    pub request: RequestKey,
    /// The activation that it starts.
    pub activation: ActivationId,
    /// When it came.
    pub at: Timestamp,
    /// From when on an earlier request with the same key counts.
    pub since: Timestamp,
    /// How many keys its namespace may have at this door.
    pub most: u64,
}

/// What [`JobStore::enqueue_keyed`](crate::JobStore::enqueue_keyed) did with a [`FirstRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstRequestOutcome {
    /// It is the first. Its key and its work are on disk.
    Stored,
    /// It is a retry of the request that started this activation. Nothing was stored.
    Before(KeyedActivation),
    /// Its namespace has reached its limit of keys at this door. Nothing was stored.
    Full {
        /// How many keys the namespace has.
        kept: u64,
        /// How many it may have.
        most: u64,
    },
}

/// Looks up idempotency keys. They are written with the work that they stand for, by
/// [`JobStore::enqueue_keyed`](crate::JobStore::enqueue_keyed).
#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// The activation that the first request with this key started. `None`: no request with the key came at `since` or
    /// later.
    async fn keyed_activation(
        &self,
        namespace: &NamespaceName,
        key: &str,
        since: Timestamp,
    ) -> Result<Option<KeyedActivation>, StoreError>;
}
