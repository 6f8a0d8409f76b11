//! What the audit says: who made, changed or removed which entity, when, and in which request.

use serde::{Deserialize, Serialize};

use crate::{Collection, Entity, FullName, Timestamp, Version};

/// What became of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    Created,
    Changed,
    Deleted,
}

/// One change of one entity. Written together with the change, and never changed itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRecord {
    pub at: Timestamp,
    /// Who did it.
    pub subject: String,
    /// The transaction id of the request.
    pub transaction: String,
    pub became: ChangeKind,
    pub collection: Collection,
    pub name: FullName,
    /// Of what it became; of what it was when it was deleted.
    pub version: Version,
}

impl AuditRecord {
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
