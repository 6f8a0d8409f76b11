//! The namespaces of an installation as its operator handles them: made, keyed, limited, blocked, deleted.
//!
//! Works on a store alone, so that it can be done beside a running node; what the node then notices stands in
//! [`super::outside_changes`].

use std::time::Duration;

use anyhow::{Context as _, bail};
use wask_model::{AuthKey, Failure, Identity, LimitOverrides, NamespaceName, messages};
use wask_store::{NewNamespace, Store, StoreError};

use super::outside_changes;
use crate::clock::Clock;
use crate::gate::rights::SYSTEM;

/// Keys of a namespace that are valid at a time: the new one, and the one that it replaces.
const VALID_KEYS: u32 = 2;
/// Things of a namespace that are removed in one transaction.
const PIECE: u32 = 500;

/// A namespace with a key that was just made, in the clear for the one time that it is shown.
pub struct NamespaceKey {
    pub identity: Identity,
    pub key: AuthKey,
}

/// What becomes of the older keys when one is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OlderKeys {
    /// The newest of them stays valid.
    KeepOne,
    Revoke,
}

/// Whether a namespace may do anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamespaceState {
    Active,
    Blocked,
}

/// The namespaces of one store. `Err` is in words for the operator.
pub struct Namespaces<'a> {
    store: &'a dyn Store,
    clock: &'a Clock,
}

impl<'a> Namespaces<'a> {
    pub fn new(store: &'a dyn Store, clock: &'a Clock) -> Self {
        Namespaces { store, clock }
    }

    /// By name.
    pub async fn list(&self) -> anyhow::Result<Vec<Identity>> {
        Ok(self.store.namespaces().await?)
    }

    pub async fn get(&self, name: &NamespaceName) -> anyhow::Result<Identity> {
        self.store.namespace(name).await?.with_context(|| messages::namespaces::missing(name))
    }

    /// How many keys are valid.
    pub async fn count_keys(&self, identity: &Identity) -> anyhow::Result<usize> {
        Ok(self.store.identity(&identity.uuid).await?.map_or(0, |(_, keys)| keys.len()))
    }

    /// Makes a namespace that holds nothing. `key`: `None` makes a random one.
    pub async fn create(&self, name: NamespaceName, key: Option<AuthKey>) -> anyhow::Result<NamespaceKey> {
        if name.as_str() == SYSTEM {
            bail!(messages::SYSTEM_NAMESPACE);
        }
        if self.store.namespace(&name).await?.is_some() {
            bail!(messages::namespaces::exists(&name));
        }
        self.empty(&name).await?; // what ended after a namespace of this name was deleted
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
        match self.store.add_key(name, key.digest(), valid, self.clock.now()).await? {
            true => Ok(NamespaceKey { identity, key }),
            false => bail!(messages::namespaces::missing(name)),
        }
    }

    /// Changes the limits that were set for it.
    pub async fn set_limits(
        &self,
        name: &NamespaceName,
        change: impl Fn(&mut LimitOverrides) -> Result<(), Failure>,
    ) -> anyhow::Result<Identity> {
        self.change(name, |identity| change(&mut identity.limits)).await
    }

    /// A blocked namespace has no valid key, and nothing of it runs any more; it keeps everything.
    pub async fn set_state(&self, name: &NamespaceName, state: NamespaceState) -> anyhow::Result<Identity> {
        let set = |identity: &mut Identity| {
            identity.blocked = state == NamespaceState::Blocked;
            Ok(())
        };
        self.change(name, set).await
    }

    /// Removes the namespace with everything in it. It is blocked first, and nothing is removed before every node has
    /// noticed: nobody may write into a namespace that is no more.
    pub async fn delete(&self, name: &NamespaceName) -> anyhow::Result<()> {
        self.set_state(name, NamespaceState::Blocked).await?;
        self.clock.sleep(outside_changes::NOTICED_WITHIN).await;
        loop {
            self.empty(name).await?;
            match self.store.delete_namespace(name).await {
                Err(StoreError::Conflict) => self.clock.sleep(Duration::from_millis(10)).await, // something ended meanwhile
                deleted => {
                    deleted?;
                    return Ok(());
                }
            }
        }
    }

    async fn empty(&self, name: &NamespaceName) -> anyhow::Result<()> {
        while self.store.empty_namespace(name, PIECE).await? == u64::from(PIECE) {}
        Ok(())
    }

    /// Changes the namespace as it stands; tried again when somebody else came between.
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
