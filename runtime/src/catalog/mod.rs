//! What exists: looks entities up, creates, changes and deletes them, and knows who an identity is.

mod actions;
mod identities;
mod modules;
mod resolve;
mod rules;
mod sequences;
mod system;
mod triggers;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use wask_model::{Collection, Entity, EntityName, Failure, FullName, Limits, NamespaceName, messages};
use wask_sandbox::Sandbox;
use wask_store::{Change, EntityQuery, Store, StoreError, Stored};

pub use actions::{ActionPatch, ExecPatch};
pub use identities::{NamespaceKey, random_key};
pub use resolve::ActionEntry;
pub use rules::{RulePatch, RuleView};
pub use system::{ALARM_FEEDS, PackageView};
pub use triggers::TriggerPatch;

use crate::clock::Clock;

/// Bounds of the catalog's caches; settings below `catalog.`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogConfig {
    /// Actions and triggers kept in memory.
    pub cached_entities: usize,
    /// Identities kept in memory.
    pub cached_identities: usize,
}

impl Default for CatalogConfig {
    fn default() -> Self {
        CatalogConfig { cached_entities: 10_000, cached_identities: 10_000 }
    }
}

/// Which part of a collection a list shows.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub skip: u64,
    pub limit: u64,
}

/// Whether PUT may change what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    Yes,
    No,
}

/// The entities and identities of this installation.
pub struct Catalog {
    store: Arc<dyn Store>,
    sandbox: Sandbox,
    clock: Clock,
    limits: Limits,
    entities: Cache<FullName, Arc<Stored<Entity>>>,
    actions: Cache<FullName, Arc<ActionEntry>>,
    identities: Cache<String, Arc<identities::Known>>,
    namespaces: Cache<NamespaceName, wask_model::SharedIdentity>,
    /// Grows with every change, so that nobody caches what was read before it.
    generation: AtomicU64,
    token_secret: [u8; 32],
}

impl Catalog {
    pub async fn open(
        store: Arc<dyn Store>,
        sandbox: Sandbox,
        clock: Clock,
        limits: Limits,
        config: &CatalogConfig,
    ) -> anyhow::Result<Self> {
        let token_secret = identities::token_secret(&*store).await?;
        Ok(Catalog {
            store,
            sandbox,
            clock,
            limits,
            entities: Cache::new(config.cached_entities),
            actions: Cache::new(config.cached_entities),
            identities: Cache::new(config.cached_identities),
            namespaces: Cache::new(config.cached_identities),
            generation: AtomicU64::new(0),
            token_secret,
        })
    }

    /// The entity of this name, whatever its collection.
    async fn find(&self, name: &FullName) -> Result<Option<Arc<Stored<Entity>>>, Failure> {
        if let Some(entity) = self.entities.get(name) {
            return Ok(Some(entity));
        }
        let before = self.generation.load(Ordering::Acquire);
        let Some(entity) = self.store.entity(name).await? else { return Ok(None) };
        let entity = Arc::new(entity);
        self.entities.insert(name.clone(), entity.clone());
        if self.generation.load(Ordering::Acquire) != before {
            self.entities.remove(name); // it may have been read before a change that has happened since
        }
        Ok(Some(entity))
    }

    /// The entity of this name, which must be in `collection`.
    async fn get(&self, name: &FullName, collection: Collection) -> Result<Arc<Stored<Entity>>, Failure> {
        let entity = self.find(name).await?.ok_or_else(Failure::not_found)?;
        if entity.value.collection() == collection { Ok(entity) } else { Err(wrong_collection()) }
    }

    /// Writes all changes or none, and forgets what was cached of them.
    async fn apply(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let names: Vec<FullName> = changes
            .iter()
            .map(|change| match change {
                Change::Put { entity, .. } => entity.name().clone(),
                Change::Delete { name, .. } => name.clone(),
            })
            .collect();
        let applied = self.store.apply(changes).await;
        self.generation.fetch_add(1, Ordering::AcqRel);
        for name in &names {
            self.entities.remove(name);
            self.actions.remove(name);
        }
        applied
    }

    /// One page of a collection, newest `updated` first. `package`: only what lives in it.
    pub async fn list(
        &self,
        namespace: &NamespaceName,
        collection: Collection,
        package: Option<EntityName>,
        page: Page,
    ) -> Result<Vec<Entity>, Failure> {
        self.store.entities(&self.query(namespace, collection, package, page)).await.map_err(Failure::from)
    }

    /// How many a collection holds.
    pub async fn count(
        &self,
        namespace: &NamespaceName,
        collection: Collection,
        package: Option<EntityName>,
    ) -> Result<u64, Failure> {
        let all = Page { skip: 0, limit: u64::MAX };
        self.store.count_entities(&self.query(namespace, collection, package, all)).await.map_err(Failure::from)
    }

    fn query(
        &self,
        namespace: &NamespaceName,
        collection: Collection,
        package: Option<EntityName>,
        page: Page,
    ) -> EntityQuery {
        EntityQuery {
            namespace: namespace.clone(),
            collection,
            package,
            shared_only: false,
            skip: page.skip,
            limit: page.limit,
        }
    }

    /// Refuses `parameters` or `annotations` that are too large.
    fn check_size(&self, what: &str, size: u64) -> Result<(), Failure> {
        let limit = self.limits.parameters_bytes;
        if limit < size { Err(Failure::TooLarge(messages::larger_than_allowed(what, size, limit))) } else { Ok(()) }
    }
}

fn wrong_collection() -> Failure {
    Failure::Conflict(messages::WRONG_COLLECTION.into())
}

fn already_exists() -> Failure {
    Failure::Conflict(messages::ALREADY_EXISTS.into())
}
