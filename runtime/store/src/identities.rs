//! Namespaces and their keys.

use async_trait::async_trait;
use wask_model::{Identity, KeyDigest, NamespaceName, Timestamp};

use crate::StoreError;

/// A namespace to be made, with its first key.
#[derive(Clone, Debug)]
pub struct NewNamespace {
    pub identity: Identity,
    pub key: KeyDigest,
}

/// Only digests of keys are kept.
#[async_trait]
pub trait IdentityStore: Send + Sync {
    /// The identity with this uuid and the digests of all its valid keys.
    async fn identity(&self, uuid: &str) -> Result<Option<(Identity, Vec<KeyDigest>)>, StoreError>;

    async fn namespace(&self, name: &NamespaceName) -> Result<Option<Identity>, StoreError>;

    async fn namespaces(&self) -> Result<Vec<Identity>, StoreError>;

    /// `Conflict`: the name or the uuid is taken.
    async fn create_namespace(&self, new: NewNamespace, now: Timestamp) -> Result<(), StoreError>;

    /// Replaces all keys of the namespace by this one.
    async fn set_key(&self, namespace: &NamespaceName, key: KeyDigest, now: Timestamp) -> Result<(), StoreError>;

    /// The secret of this installation under `name`, 32 bytes; made of `fresh` when it is asked for the first time.
    async fn secret(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], StoreError>;
}
