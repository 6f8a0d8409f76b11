//! The operator's side of namespaces: creates, limits, blocks and deletes them, and makes their keys.
//!
//! Needs only a store, so a command can do it while a node runs. The node notices it as an outside change
//! ([`crate::outside_changes`]).

use std::time::Duration;

use anyhow::{Context as _, bail};
use wask_model::{AuthKey, Failure, Identity, LimitOverrides, NamespaceName, messages};
use wask_store::{NamespaceStore, NewNamespace, StoreError};

use crate::clock::Clock;
use crate::gate::rights::SYSTEM;
use crate::outside_changes;

/// How many keys of a namespace are valid at a time: the new one, and the one that it replaces.
const VALID_KEYS: u32 = 2;
/// How many items of a namespace are removed in one transaction.
const BATCH: u32 = 500;

/// A namespace with a new key in plain text. It is shown this once and not stored.
pub struct NamespaceKey {
    pub identity: Identity,
    pub key: AuthKey,
}

/// What happens to the older keys when a new one is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OlderKeys {
    /// The newest of them remains valid.
    KeepOne,
    Revoke,
}

/// Whether a namespace may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamespaceState {
    Active,
    Blocked,
}

/// The namespaces of one store. Errors are worded for the operator.
pub struct Namespaces<'a> {
    store: &'a dyn NamespaceStore,
    clock: &'a Clock,
}

impl<'a> Namespaces<'a> {
    pub fn new(store: &'a dyn NamespaceStore, clock: &'a Clock) -> Self {
        Namespaces { store, clock }
    }

    /// All of them, ordered by name.
    pub async fn list(&self) -> anyhow::Result<Vec<Identity>> {
        Ok(self.store.namespaces().await?)
    }

    pub async fn get(&self, name: &NamespaceName) -> anyhow::Result<Identity> {
        self.store.namespace(name).await?.with_context(|| messages::namespaces::missing(name))
    }

    /// How many valid keys an identity has.
    pub async fn count_keys(&self, identity: &Identity) -> anyhow::Result<usize> {
        Ok(self.store.identity(&identity.uuid).await?.map_or(0, |(_, keys)| keys.len()))
    }

    /// Creates an empty namespace. `key`: `None` makes a random one.
    pub async fn create(&self, name: NamespaceName, key: Option<AuthKey>) -> anyhow::Result<NamespaceKey> {
        if name.as_str() == SYSTEM {
            bail!(messages::SYSTEM_NAMESPACE);
        }
        if self.store.namespace(&name).await?.is_some() {
            bail!(messages::namespaces::exists(&name));
        }
        self.empty(&name).await?; // removes records that were written after a namespace of this name was deleted
        let key = match key {
            Some(key) => key,
            None => super::random_key()?,
        };
        let identity = Identity {
            subject: name.to_string(),
            namespace: name,
            uuid: key.uuid.clone(),
            limits: LimitOverrides::default(),
            blocked: false,
        };
        let new = NewNamespace { identity: identity.clone(), key: key.digest() };
        match self.store.create_namespace(new, self.clock.now()).await {
            Err(StoreError::Conflict) => bail!(messages::namespaces::exists(&identity.namespace)),
            made => made?,
        }
        Ok(NamespaceKey { identity, key })
    }

    /// Makes a new key for the namespace.
    pub async fn add_key(&self, name: &NamespaceName, older: OlderKeys) -> anyhow::Result<NamespaceKey> {
        let identity = self.get(name).await?;
        let key = AuthKey::new(identity.uuid.clone(), super::random_key()?.secret());
        let valid = match older {
            OlderKeys::KeepOne => VALID_KEYS,
            OlderKeys::Revoke => 1,
        };
        if !self.store.add_key(name, key.digest(), valid, self.clock.now()).await? {
            bail!(messages::namespaces::missing(name));
        }
        Ok(NamespaceKey { identity, key })
    }

    /// Changes the limits that are set for the namespace.
    pub async fn set_limits(
        &self,
        name: &NamespaceName,
        change: impl Fn(&mut LimitOverrides) -> Result<(), Failure>,
    ) -> anyhow::Result<Identity> {
        self.change(name, |identity| change(&mut identity.limits)).await
    }

    /// Blocks or unblocks the namespace. A blocked one has no valid key and runs nothing, but keeps its entities and
    /// records.
    pub async fn set_state(&self, name: &NamespaceName, state: NamespaceState) -> anyhow::Result<Identity> {
        let set = |identity: &mut Identity| {
            identity.blocked = state == NamespaceState::Blocked;
            Ok(())
        };
        self.change(name, set).await
    }

    /// Deletes the namespace with everything in it. Blocks it first and waits until every node has noticed, so that
    /// nothing is written into a deleted namespace.
    pub async fn delete(&self, name: &NamespaceName) -> anyhow::Result<()> {
        self.set_state(name, NamespaceState::Blocked).await?;
        self.clock.sleep(outside_changes::NOTICED_WITHIN).await;
        loop {
            self.empty(name).await?;
            match self.store.delete_namespace(name).await {
                Err(StoreError::Conflict) => self.clock.sleep(Duration::from_millis(10)).await, // one ended since
                deleted => {
                    deleted?;
                    return Ok(());
                }
            }
        }
    }

    async fn empty(&self, name: &NamespaceName) -> anyhow::Result<()> {
        while self.store.empty_namespace(name, BATCH).await? == u64::from(BATCH) {}
        Ok(())
    }

    /// Changes the namespace, and starts again if another change came first.
    async fn change(
        &self,
        name: &NamespaceName,
        change: impl Fn(&mut Identity) -> Result<(), Failure>,
    ) -> anyhow::Result<Identity> {
        loop {
            let was = self.get(name).await?;
            let mut becomes = was.clone();
            change(&mut becomes)?;
            if self.store.replace_namespace(&was, becomes.clone()).await? {
                return Ok(becomes);
            }
        }
    }
}
