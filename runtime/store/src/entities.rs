//! Entities: actions, triggers, rules and packages, and the code of actions.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::value::RawValue;
use wask_model::{
    ActionLimits, AuditRecord, Binding, Collection, Entity, EntityName, FullName, NamespaceName, Timestamp, Version,
};

use crate::{ListPage, StoreError};

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

/// How much a namespace may have of entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityQuota {
    /// How many, of all collections together.
    pub entities: u64,
    /// Bytes of their documents and code; code that several entities have counts for each.
    pub bytes: u64,
}

impl EntityQuota {
    /// As many as the disk has room for.
    pub const NONE: EntityQuota = EntityQuota { entities: u64::MAX, bytes: u64::MAX };
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
    /// How many bytes the summaries may have together; at least one is returned.
    pub bytes: u64,
}

/// What a list shows of an entity: everything but its parameters and its code. Read from what [`Entity`] writes.
#[derive(Clone, Debug, Deserialize)]
pub struct EntitySummary {
    /// Where it is.
    pub name: FullName,
    /// Its version.
    pub version: Version,
    /// Whether its owner shares it.
    pub publish: bool,
    /// Its annotations, as text.
    pub annotations: Box<RawValue>,
    /// The limits of an action.
    #[serde(default)]
    pub limits: Option<ActionLimits>,
    #[serde(default)]
    exec: Option<ExecSummary>,
    /// The trigger of a rule.
    #[serde(default)]
    pub trigger: Option<FullName>,
    /// The action of a rule.
    #[serde(default)]
    pub action: Option<FullName>,
    /// What a binding points at.
    #[serde(default)]
    pub binding: Option<Binding>,
    /// When it was created or last changed.
    pub updated: Timestamp,
}

#[derive(Clone, Debug, Deserialize)]
struct ExecSummary {
    #[serde(default)]
    code: Option<CodeSummary>,
}

#[derive(Clone, Debug, Deserialize)]
struct CodeSummary {
    binary: bool,
}

#[derive(Deserialize)]
struct AnnotationKey {
    key: String,
}

impl EntitySummary {
    /// Reads what an [`Entity`] is written as.
    pub fn read(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// Whether the code of an action was posted as base64.
    pub fn is_binary(&self) -> bool {
        self.exec.as_ref().and_then(|exec| exec.code.as_ref()).is_some_and(|code| code.binary)
    }

    /// Whether it has an annotation of this name.
    pub fn has_annotation(&self, key: &str) -> bool {
        let keys = serde_json::from_str::<Vec<AnnotationKey>>(self.annotations.get());
        keys.is_ok_and(|all| all.iter().any(|annotation| annotation.key == key))
    }
}

/// Entities. A full name belongs to at most one entity, whatever its collection.
#[async_trait]
pub trait EntityStore: Send + Sync {
    /// One entity. `None`: no entity has this name.
    async fn entity(&self, name: &FullName) -> Result<Option<StoredEntity<Entity>>, StoreError>;

    /// One page of entities, as lists show them.
    async fn entity_summaries(&self, query: &EntityQuery) -> Result<ListPage<EntitySummary>, StoreError>;

    /// How many entities match. Ignores `skip` and `limit`.
    async fn count_entities(&self, query: &EntityQuery) -> Result<u64, StoreError>;

    /// Writes all changes and their audit records, or nothing. Returns the new revisions of the entities that were put,
    /// in order. [`StoreError::Conflict`]: a change was based on a revision that is no longer current, or would leave
    /// an entity in a package that does not exist. [`StoreError::OverQuota`]: the namespace of the entities would have
    /// more than `quota`, and more than it has now.
    async fn apply_within(
        &self,
        quota: EntityQuota,
        changes: Vec<Change>,
        audit: Vec<AuditRecord>,
    ) -> Result<Vec<Revision>, StoreError>;

    /// Like [`EntityStore::apply_within`], without a quota.
    async fn apply(&self, changes: Vec<Change>, audit: Vec<AuditRecord>) -> Result<Vec<Revision>, StoreError> {
        self.apply_within(EntityQuota::NONE, changes, audit).await
    }

    /// The posted text of the code with this digest, read for a namespace. `None`: no entity has such code.
    async fn code(&self, reader: &NamespaceName, digest: &str) -> Result<Option<String>, StoreError>;
}
