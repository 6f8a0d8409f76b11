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

/// Who calls, and who owns a namespace. Only digests of keys are kept.
#[async_trait]
pub trait IdentityStore: Send + Sync {
    /// The identity with this uuid and the digests of all its valid keys.
    async fn identity(&self, uuid: &str) -> Result<Option<(Identity, Vec<KeyDigest>)>, StoreError>;

    async fn namespace(&self, name: &NamespaceName) -> Result<Option<Identity>, StoreError>;
}

/// What an operator does with namespaces.
#[async_trait]
pub trait NamespaceStore: IdentityStore {
    async fn namespaces(&self) -> Result<Vec<Identity>, StoreError>;

    /// `Conflict`: the name or the uuid is taken.
    async fn create_namespace(&self, new: NewNamespace, now: Timestamp) -> Result<(), StoreError>;

    /// Replaces what is said of the namespace if it is still as it was read; its name and uuid stay. `false`: it is not,
    /// nothing was written.
    async fn replace_namespace(&self, was: &Identity, becomes: Identity) -> Result<bool, StoreError>;

    /// Makes `key` valid. Of the older keys the newest stay, so that no more than `valid` are. `false`: there is no such
    /// namespace.
    async fn add_key(
        &self,
        namespace: &NamespaceName,
        key: KeyDigest,
        valid: u32,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Removes up to `limit` of the things that stand under this name, whether or not there is such a namespace: entities,
    /// alarms, jobs, records. Returns how many; less than `limit`: nothing is left.
    async fn empty_namespace(&self, namespace: &NamespaceName, limit: u32) -> Result<u64, StoreError>;

    /// Removes a namespace that holds nothing any more, and its keys. `false`: there is none. `Conflict`: it is not empty.
    async fn delete_namespace(&self, namespace: &NamespaceName) -> Result<bool, StoreError>;
}

/// Secrets of the installation: made once, then the same for every process.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// The secret of this installation under `name`, 32 bytes; made of `fresh` when it is asked for the first time.
    async fn secret(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], StoreError>;
}
