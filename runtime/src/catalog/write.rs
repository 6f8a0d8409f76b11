//! The context of a change: who makes it, under which conditions, and its audit record.

use std::sync::Arc;

use wask_model::{AuditRecord, ChangeKind, Entity, Failure, Limits, SharedIdentity, Timestamp, messages};
use wask_store::{Change, EntityQuota, Revision, StoredEntity};

/// Who makes a change, in which request, and under which condition.
pub struct Write {
    pub identity: SharedIdentity,
    /// The transaction id of the request.
    pub transaction: Arc<str>,
    pub condition: Condition,
}

/// What a change requires of the stored entity. RFC 9110 §13.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    None,
    /// It exists.
    Exists,
    /// It exists with one of these revisions.
    At(Vec<Revision>),
    /// It does not exist.
    Absent,
}

impl Condition {
    /// `stored`: the revision of the entity, if it exists.
    pub fn check(&self, stored: Option<Revision>) -> Result<(), Failure> {
        let refused = match (self, stored) {
            (Condition::None, _) | (Condition::Exists, Some(_)) | (Condition::Absent, None) => return Ok(()),
            (Condition::At(revisions), Some(current)) if revisions.contains(&current) => return Ok(()),
            (Condition::At(_), Some(current)) => messages::if_match_failed(current.0),
            (Condition::Exists | Condition::At(_), None) => messages::IF_MATCH_MISSING.into(),
            (Condition::Absent, Some(_)) => messages::IF_NONE_MATCH_EXISTS.into(),
        };
        Err(Failure::PreconditionFailed(refused))
    }
}

/// Changes that are written together, with their audit records.
pub(super) struct Batch<'a> {
    by: &'a Write,
    at: Timestamp,
    pub changes: Vec<Change>,
    pub audit: Vec<AuditRecord>,
}

impl<'a> Batch<'a> {
    pub fn new(by: &'a Write, at: Timestamp) -> Self {
        Batch { by, at, changes: Vec::new(), audit: Vec::new() }
    }

    /// How much the namespace may have of entities.
    pub fn quota(&self, system: &Limits) -> EntityQuota {
        let limits = system.for_namespace(&self.by.identity.limits);
        EntityQuota { entities: limits.entities, bytes: limits.entities_bytes }
    }

    /// Creates the entity, or changes it from the revision that it is based on.
    pub fn put(&mut self, entity: Entity, based_on: Option<Revision>, code: Option<String>) {
        self.record(if based_on.is_none() { ChangeKind::Created } else { ChangeKind::Changed }, &entity);
        self.changes.push(Change::Put { entity, based_on, code });
    }

    pub fn delete(&mut self, stored: &StoredEntity<Entity>) {
        self.record(ChangeKind::Deleted, &stored.value);
        self.changes.push(Change::Delete { name: stored.value.name().clone(), based_on: stored.revision });
    }

    /// Adds a change that belongs to one whose audit record is there already.
    pub fn add_unaudited(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Adds an audit record.
    pub fn record(&mut self, became: ChangeKind, entity: &Entity) {
        let Write { identity, transaction, .. } = self.by;
        self.audit.push(AuditRecord::new(became, entity, self.at, &identity.subject, transaction));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_admits_what_it_names_and_otherwise_reports_what_is_stored() {
        let (three, five) = (Some(Revision(3)), Some(Revision(5)));
        let at = Condition::At(vec![Revision(1), Revision(3)]);
        for (condition, stored, refusal) in [
            (&Condition::None, None, None),
            (&Condition::None, three, None),
            (&Condition::Exists, three, None),
            (&Condition::Exists, None, Some("does not exist")),
            (&Condition::Absent, None, None),
            (&Condition::Absent, three, Some("The resource exists")),
            (&at, three, None),
            (&at, five, Some("Its ETag is now \"5\"")),
            (&at, None, Some("does not exist")),
        ] {
            let said = condition.check(stored).err().map(|failure| failure.to_string());
            assert_eq!(said.is_some(), refusal.is_some(), "{condition:?} {stored:?}");
            assert!(said.unwrap_or_default().contains(refusal.unwrap_or_default()), "{condition:?} {stored:?}");
        }
    }
}
