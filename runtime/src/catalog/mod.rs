//! The entities and identities that exist: looks them up, and creates, changes and deletes entities.

mod access;
mod actions;
mod identities;
mod modules;
mod namespaces;
mod outside_changes;
mod packages;
mod refused_keys;
mod resolve;
mod rules;
mod sequences;
mod system;
mod tokens;
mod triggers;
mod write;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wask_model::{
    Annotations, Collection, CommonPatch, Entity, EntityName, Failure, FullName, Limits, NamespaceName, SharedIdentity,
    Weight as _, messages,
};
use wask_sandbox::Sandbox;
use wask_store::{
    Change, EntityQuery, EntityStore, EntitySummary, ListPage, NamespaceStore, Revision, SecretStore, StoreError,
    StoredEntity,
};

pub use access::RequiredAccess;
pub use actions::{ActionPatch, ExecPatch};
pub use identities::{Login, random_key};
pub use namespaces::{NamespaceKey, NamespaceState, Namespaces, OlderKeys};
pub use outside_changes::InFlightCounts;
pub use packages::{Force, PackagePatch, PackageView};
pub use resolve::{ActionEntry, ActionView};
pub use rules::{RulePatch, RuleView};
pub use system::{ALARM_FEEDS, UTILS};
pub use tokens::TokenTimes;
pub use write::{Condition, Write};

use crate::clock::Clock;
use crate::read_through::{CacheBound, ReadThrough};
use refused_keys::RefusedKeys;
use tokens::Tokens;
use write::Batch;

/// Bounds of the catalog's caches, and what it lets others read; settings below `catalog.`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogConfig {
    /// How many entities are kept in memory.
    pub cached_entities: usize,
    /// How many identities are kept in memory.
    pub cached_identities: usize,
    /// Whether other namespaces may invoke the actions of shared packages but not read them.
    pub shared_packages_execute_only: bool,
}

impl Default for CatalogConfig {
    fn default() -> Self {
        CatalogConfig { cached_entities: 10_000, cached_identities: 10_000, shared_packages_execute_only: false }
    }
}

/// How many bytes the catalog's caches may keep.
#[derive(Clone, Copy, Debug)]
pub struct CatalogBytes {
    /// Of entities, and of actions with what their packages add.
    pub entities: u64,
    /// Of identities by key and by namespace.
    pub identities: u64,
}

/// About how many bytes of memory an identity takes, its limits and keys included.
const IDENTITY_BYTES: u64 = 2048;

/// The part of a list that is shown.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub skip: u64,
    pub limit: u64,
}

impl Page {
    pub const ALL: Page = Page { skip: 0, limit: u64::MAX };
}

/// The entities that are listed or counted.
#[derive(Clone, Debug)]
pub struct Selection {
    pub namespace: NamespaceName,
    pub collection: Collection,
    /// Only actions in this package. `None`: all, packaged or not.
    pub package: Option<EntityName>,
    pub shown: Visibility,
}

/// Whether a selection includes entities that are not shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    All,
    Shared,
}

impl Selection {
    /// A whole collection.
    pub fn new(namespace: NamespaceName, collection: Collection) -> Self {
        Selection { namespace, collection, package: None, shown: Visibility::All }
    }

    /// The actions of a package.
    pub fn inside(package: &FullName) -> Self {
        let name = Some(package.name.clone());
        Selection { package: name, ..Selection::new(package.namespace.clone(), Collection::Actions) }
    }

    fn query(&self, page: Page, bytes: u64) -> EntityQuery {
        EntityQuery {
            namespace: self.namespace.clone(),
            collection: self.collection,
            package: self.package.clone(),
            shared_only: self.shown == Visibility::Shared,
            skip: page.skip,
            limit: page.limit,
            bytes,
        }
    }
}

/// Whether PUT may change an existing entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    Yes,
    No,
}

/// The traits of a store that the catalog uses.
pub struct CatalogStores {
    pub entities: Arc<dyn EntityStore>,
    pub namespaces: Arc<dyn NamespaceStore>,
    pub secrets: Arc<dyn SecretStore>,
}

/// The entities and identities of this installation.
pub struct Catalog {
    stores: CatalogStores,
    sandbox: Sandbox,
    clock: Clock,
    limits: Limits,
    shared_packages_execute_only: bool,
    entities: ReadThrough<FullName, Arc<StoredEntity<Entity>>>,
    actions: ReadThrough<FullName, Arc<ActionEntry>>,
    identities: ReadThrough<String, Arc<identities::CachedIdentity>>,
    namespaces: ReadThrough<NamespaceName, SharedIdentity>,
    /// Stands for every uuid that does not exist.
    nobody: identities::CachedIdentity,
    refused_keys: RefusedKeys,
    tokens: Tokens,
}

impl Catalog {
    pub async fn open(
        stores: CatalogStores,
        sandbox: Sandbox,
        clock: Clock,
        limits: Limits,
        config: &CatalogConfig,
        cached_bytes: CatalogBytes,
    ) -> anyhow::Result<Self> {
        let entities = CacheBound { values: config.cached_entities, bytes: cached_bytes.entities / 2 };
        let identities = CacheBound { values: config.cached_identities, bytes: cached_bytes.identities / 2 };
        let tokens = Tokens::open(&*stores.secrets).await?;
        Ok(Catalog {
            stores,
            sandbox,
            clock,
            limits,
            shared_packages_execute_only: config.shared_packages_execute_only,
            entities: ReadThrough::new(entities, |entity| entity.value.weight()),
            actions: ReadThrough::new(entities, |entry| entry.weight()),
            identities: ReadThrough::new(identities, |_| IDENTITY_BYTES),
            namespaces: ReadThrough::new(identities, |_| IDENTITY_BYTES),
            nobody: identities::CachedIdentity::nobody(),
            refused_keys: RefusedKeys::new(),
            tokens,
        })
    }

    /// The entity of this name, in any collection.
    async fn find(&self, name: &FullName) -> Result<Option<Arc<StoredEntity<Entity>>>, Failure> {
        let read = || async {
            let found = match system::entity(name) {
                Some(value) => Some(StoredEntity { revision: Revision(0), value }),
                None => self.stores.entities.entity(name).await?,
            };
            Ok(found.map(Arc::new))
        };
        self.entities.find_or_read(name, read).await
    }

    /// The entity of this name. 404 if it does not exist, 409 if it is in another collection.
    async fn get(&self, name: &FullName, collection: Collection) -> Result<Arc<StoredEntity<Entity>>, Failure> {
        let entity = self.find(name).await?.ok_or_else(Failure::not_found)?;
        if entity.value.collection() == collection { Ok(entity) } else { Err(wrong_collection()) }
    }

    /// Creates or changes one entity; returns its new revision.
    async fn put(
        &self,
        by: &Write,
        entity: Entity,
        based_on: Option<Revision>,
        code: Option<String>,
    ) -> Result<Revision, StoreError> {
        let mut batch = Batch::new(by, entity.updated());
        batch.put(entity, based_on, code);
        Ok(self.apply(batch).await?.pop().expect("the store returns the revision of each put"))
    }

    /// Writes all changes with their audit records, or nothing, and removes from the caches what they outdate. Returns
    /// the revision of each put.
    async fn apply(&self, batch: Batch<'_>) -> Result<Vec<Revision>, StoreError> {
        let quota = batch.quota(&self.limits);
        let Batch { changes, audit, .. } = batch;
        let names: Vec<FullName> = changes.iter().map(|change| change.name().clone()).collect();
        let affects_others = changes.iter().any(affects_other_names);
        let applied = self.stores.entities.apply_within(quota, changes, audit).await;
        for name in &names {
            self.entities.forget(name);
            self.actions.forget(name);
        }
        if affects_others {
            self.actions.forget_all();
        }
        applied
    }

    /// One page of a selection, newest `updated` first, which ends early if it becomes too large.
    pub async fn list(&self, selection: &Selection, page: Page) -> Result<ListPage<EntitySummary>, Failure> {
        if system::is_built_in(selection) {
            return system::list(selection, page);
        }
        let query = selection.query(page, self.limits.page_bytes);
        self.stores.entities.entity_summaries(&query).await.map_err(Failure::from)
    }

    /// How many entities a selection has.
    pub async fn count(&self, selection: &Selection) -> Result<u64, Failure> {
        if system::is_built_in(selection) {
            return Ok(system::count(selection));
        }
        self.stores.entities.count_entities(&selection.query(Page::ALL, u64::MAX)).await.map_err(Failure::from)
    }

    /// Empties the caches, after an outside change.
    fn forget_everything(&self) {
        self.entities.forget_all();
        self.actions.forget_all();
        self.identities.forget_all();
        self.namespaces.forget_all();
        self.refused_keys.forget_all();
    }
}

/// Whether actions cached under other names may depend on this change: an action is cached under each binding of its
/// package, too. A deleted name may have been a package.
fn affects_other_names(change: &Change) -> bool {
    match change {
        Change::Put { entity: Entity::Package(_), .. } | Change::Delete { .. } => true,
        Change::Put { entity, .. } => entity.name().package.is_some(),
    }
}

/// Refuses `parameters` or `annotations` with too many bytes.
fn check_size(limits: &Limits, what: &str, size: u64) -> Result<(), Failure> {
    let limit = limits.parameters_bytes;
    if size > limit { Err(Failure::TooLarge(messages::larger_than_allowed(what, size, limit))) } else { Ok(()) }
}

/// Refuses `parameters` or `annotations` with too many entries.
fn check_entries(what: &str, count: usize, limit: u64) -> Result<(), Failure> {
    let (count, setting) = (count as u64, format!("limits.{what}_entries"));
    if count <= limit {
        return Ok(());
    }
    Err(Failure::TooLarge(messages::too_many_entries(what, count, limit, &setting)))
}

/// Refuses annotations that are too many or too large. `limits`: those of their namespace.
fn check_annotations(limits: &Limits, annotations: &Annotations) -> Result<(), Failure> {
    check_entries("annotations", annotations.len(), limits.annotations_entries)?;
    check_size(limits, "annotations", annotations.size())
}

/// Refuses the parameters or annotations of a PUT that are too many or too large.
fn check_sizes(limits: &Limits, patch: &CommonPatch) -> Result<(), Failure> {
    if let Some(parameters) = &patch.parameters {
        check_entries("parameters", parameters.len(), limits.parameters_entries)?;
        check_size(limits, "parameters", parameters.size())?;
    }
    patch.annotations.as_ref().map_or(Ok(()), |annotations| check_annotations(limits, annotations))
}

/// The entity that a PUT changes, with its revision, if it exists. 409 if it is of another kind or may not be
/// overwritten.
fn existing<T>(
    stored: Option<&StoredEntity<Entity>>,
    overwrite: Overwrite,
    as_kind: fn(&Entity) -> Option<&T>,
) -> Result<(Option<&T>, Option<Revision>), Failure> {
    let Some(stored) = stored else { return Ok((None, None)) };
    let entity = as_kind(&stored.value).ok_or_else(wrong_collection)?;
    match overwrite {
        Overwrite::Yes => Ok((Some(entity), Some(stored.revision))),
        Overwrite::No => Err(Failure::Conflict(messages::ALREADY_EXISTS.into())),
    }
}

fn wrong_collection() -> Failure {
    Failure::Conflict(messages::WRONG_COLLECTION.into())
}
