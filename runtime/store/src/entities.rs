//! Entities: actions, triggers, rules and packages, and the code of actions.

use async_trait::async_trait;
use wask_model::{AuditRecord, Collection, Entity, EntityName, FullName, NamespaceName};

use crate::StoreError;

/// Grows with every change of an entity. A writer names the revision that it has read. A name that is deleted and
/// created again never repeats a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision(pub i64);

/// An entity and the revision at which it was read or written.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEntity<T> {
    /// The entity's current revision.
    pub revision: Revision,
    /// The entity itself.
    pub value: T,
}

/// One step of [`EntityStore::apply`].
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a handful at a time")]
pub enum Change {
    /// Writes an entity.
    Put {
        /// The entity as it will be.
        entity: Entity,
        /// The revision that was read. `None`: no entity of this name may exist, in whatever collection.
        based_on: Option<Revision>,
        /// The posted text of the entity's code, if the change brings new code.
        code: Option<String>,
    },
    /// Removes an entity, and its code if no other entity has the same code.
    Delete {
        /// The entity's name.
        name: FullName,
        /// The revision that was read.
        based_on: Revision,
    },
}

impl Change {
    /// The entity that changes.
    pub fn name(&self) -> &FullName {
        match self {
            Change::Put { entity, .. } => entity.name(),
            Change::Delete { name, .. } => name,
        }
    }
}

/// Selects entities of one collection of one namespace, latest `updated` first.
#[derive(Clone, Debug)]
pub struct EntityQuery {
    /// The namespace that owns the entities.
    pub namespace: NamespaceName,
    /// Actions, triggers, rules or packages.
    pub collection: Collection,
    /// Only entities in this package. `None`: all, packaged or not.
    pub package: Option<EntityName>,
    /// Only what other namespaces may see: published packages that are not bindings.
    pub shared_only: bool,
    /// How many to leave out at the beginning.
    pub skip: u64,
    /// How many to return at most.
    pub limit: u64,
}

/// Entities. A full name belongs to at most one entity, whatever its collection.
#[async_trait]
pub trait EntityStore: Send + Sync {
    /// One entity. `None`: no entity has this name.
    async fn entity(&self, name: &FullName) -> Result<Option<StoredEntity<Entity>>, StoreError>;

    /// One page of entities.
    async fn entities(&self, query: &EntityQuery) -> Result<Vec<Entity>, StoreError>;

    /// How many entities match. Ignores `skip` and `limit`.
    async fn count_entities(&self, query: &EntityQuery) -> Result<u64, StoreError>;

    /// Writes all changes and their audit records, or nothing. Returns the new revisions of the entities that were put,
    /// in order. [`StoreError::Conflict`]: a change was based on a revision that is no longer current, or would leave
    /// an entity in a package that does not exist.
    async fn apply(&self, changes: Vec<Change>, audit: Vec<AuditRecord>) -> Result<Vec<Revision>, StoreError>;

    /// The posted text of the code with this digest. `None`: no entity has such code.
    async fn code(&self, digest: &str) -> Result<Option<String>, StoreError>;
}
