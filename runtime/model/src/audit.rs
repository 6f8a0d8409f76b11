//! The audit: who created, changed or deleted which entity, when, and in which request.

use serde::{Deserialize, Serialize};

use crate::{Collection, Entity, FullName, Timestamp, Version};

/// What happened to an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It did not exist before.
    Created,
    /// It existed before and has a new version.
    Changed,
    /// It no longer exists.
    Deleted,
}

/// One change of one entity. It is written in the transaction of the change and never changed itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// When the entity changed.
    pub at: Timestamp,
    /// The subject that made the request.
    pub subject: String,
    /// The transaction id of the request.
    pub transaction: String,
    /// What happened to the entity.
    pub became: ChangeKind,
    /// The collection of the entity.
    pub collection: Collection,
    /// The name of the entity.
    pub name: FullName,
    /// The version after the change; before it, if the entity was deleted.
    pub version: Version,
}

impl AuditRecord {
    /// The record of a change of `entity`, as it is after the change or was before it was deleted.
    pub fn new(became: ChangeKind, entity: &Entity, at: Timestamp, subject: &str, transaction: &str) -> Self {
        AuditRecord {
            at,
            subject: subject.to_owned(),
            transaction: transaction.to_owned(),
            became,
            collection: entity.collection(),
            name: entity.name().clone(),
            version: entity.version(),
        }
    }
}
