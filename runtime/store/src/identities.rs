//! Namespaces, the keys of their identities, and the secrets of the installation.

use async_trait::async_trait;
use wask_model::{Identity, KeyDigest, NamespaceName, Timestamp};

use crate::StoreError;

/// A namespace to be created.
#[derive(Clone, Debug)]
pub struct NewNamespace {
    /// The identity that will own it.
    pub identity: Identity,
    /// The first valid key.
    pub key: KeyDigest,
}

/// Looks up who calls and who owns a namespace. Only digests of keys are stored.
#[async_trait]
pub trait IdentityStore: Send + Sync {
    /// The identity with this uuid and the digests of all its valid keys. `None`: the uuid is unknown.
    async fn identity(&self, uuid: &str) -> Result<Option<(Identity, Vec<KeyDigest>)>, StoreError>;

    /// The identity that owns a namespace. `None`: there is no such namespace.
    async fn namespace(&self, name: &NamespaceName) -> Result<Option<Identity>, StoreError>;
}

/// What an operator does with namespaces.
#[async_trait]
pub trait NamespaceStore: IdentityStore {
    /// The owners of all namespaces, by name.
    async fn namespaces(&self) -> Result<Vec<Identity>, StoreError>;

    /// Creates a namespace with its first key. [`StoreError::Conflict`]: its name or uuid is taken.
    async fn create_namespace(&self, new: NewNamespace, now: Timestamp) -> Result<(), StoreError>;

    /// Replaces the owner of a namespace, except for its name and uuid. `false`: it has changed since it was read as
    /// `was`, and nothing was written.
    async fn replace_namespace(&self, was: &Identity, becomes: Identity) -> Result<bool, StoreError>;

    /// Makes `key` valid. Of the older keys the newest stay valid, so that no more than `valid` keys are. `false`:
    /// there is no such namespace.
    async fn add_key(
        &self,
        namespace: &NamespaceName,
        key: KeyDigest,
        valid: u32,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Removes up to `limit` entities, alarms, jobs, records and other things of a namespace, whether or not the
    /// namespace exists. Returns how many; fewer than `limit` means that nothing is left.
    async fn empty_namespace(&self, namespace: &NamespaceName, limit: u32) -> Result<u64, StoreError>;

    /// Removes an empty namespace and its keys. `false`: there is no such namespace. [`StoreError::Conflict`]: it is
    /// not empty.
    async fn delete_namespace(&self, namespace: &NamespaceName) -> Result<bool, StoreError>;
}

/// Secrets of the installation: made once, then the same for every process on the store.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// The secret of this name, 32 bytes. The first call for a name stores `fresh` as the secret.
    async fn secret(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], StoreError>;
}
