//! Actions, triggers, rules and packages.

use async_trait::async_trait;
use wask_model::{AuditRecord, Collection, Entity, EntityName, FullName, NamespaceName};

use crate::StoreError;

/// Counts the changes of one entity; who writes names the revision that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision(pub i64);

/// An entity as it stands in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEntity<T> {
    pub revision: Revision,
    pub value: T,
}

/// One step of [`EntityStore::apply`].
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a handful at a time")]
pub enum Change {
    /// Writes `entity`; `based_on` is `None` for an entity that must not exist yet under any collection.
    /// `code`: the posted text of its code, when this change brings new code.
    Put { entity: Entity, based_on: Option<Revision>, code: Option<String> },
    /// Removes the entity; code that no entity points at any more goes with it.
    Delete { name: FullName, based_on: Revision },
}

impl Change {
    /// The entity that it is about.
    pub fn name(&self) -> &FullName {
        match self {
            Change::Put { entity, .. } => entity.name(),
            Change::Delete { name, .. } => name,
        }
    }
}

/// Which entities of one collection of one namespace. Newest `updated` first.
#[derive(Clone, Debug)]
pub struct EntityQuery {
    pub namespace: NamespaceName,
    pub collection: Collection,
    /// Only those in this package. `None`: all, packaged or not.
    pub package: Option<EntityName>,
    /// Only what others may see: published packages that are not bindings.
    pub shared_only: bool,
    pub skip: u64,
    /// At most this many.
    pub limit: u64,
}

/// All entities of a namespace share one name space: one full name holds one entity, whatever its collection.
#[async_trait]
pub trait EntityStore: Send + Sync {
    async fn entity(&self, name: &FullName) -> Result<Option<StoredEntity<Entity>>, StoreError>;

    async fn entities(&self, query: &EntityQuery) -> Result<Vec<Entity>, StoreError>;

    /// How many entities match, `skip` and `limit` aside.
    async fn count_entities(&self, query: &EntityQuery) -> Result<u64, StoreError>;

    /// Writes all changes and what the audit says of them, or nothing. Returns the revisions of the entities that were
    /// put, in order. `Conflict`: one of them was based on a revision that is no longer current, or would
    /// leave an entity in a package that is not there.
    async fn apply(&self, changes: Vec<Change>, audit: Vec<AuditRecord>) -> Result<Vec<Revision>, StoreError>;

    /// The posted text of the code with this digest. `None`: no entity points at it.
    async fn code(&self, digest: &str) -> Result<Option<String>, StoreError>;
}
