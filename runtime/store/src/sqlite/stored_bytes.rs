//! Counts the bytes that each namespace stores of each retention class. The counts are a table of their own, because
//! adding up the rows would take longer than everything else.

use rusqlite::{Connection, OptionalExtension as _, params};
use wask_model::NamespaceName;

use super::values;
use crate::{RetentionClass, StoreError};

/// The rows of one [`RetentionClass`], in SQLite's terms.
pub(super) struct ClassRows {
    /// The class, as the table `kept` calls it.
    pub name: &'static str,
    /// The table that the rows are in.
    pub table: &'static str,
    /// The condition for a row that may be removed.
    pub may_go: &'static str,
    /// The column by whose index the oldest rows are found. Its value is never later than `ended`.
    pub age: &'static str,
    /// When a row ended.
    pub ended: &'static str,
    /// How many bytes a row counts for.
    pub bytes: &'static str,
    /// Where the document of a namespace has its own bound.
    pub own_bound: &'static str,
}

const RECORDS: ClassRows = ClassRows {
    name: "record",
    table: "activation",
    may_go: "TRUE",
    age: "start",
    ended: "coalesce(ended, start)",
    bytes: "octet_length(head) + octet_length(response) + coalesce(octet_length(logs), 0) + coalesce(octet_length(input), 0)",
    own_bound: "$.limits.record_bytes",
};

const DEAD_LETTERS: ClassRows = ClassRows {
    name: "dead letter",
    table: "job",
    may_go: "state = 'dead'",
    age: "died",
    ended: "died",
    bytes: "octet_length(payload)",
    own_bound: "$.limits.dead_letter_bytes",
};

const CALLBACKS: ClassRows = ClassRows {
    name: "callback",
    table: "callback",
    may_go: "ended IS NOT NULL",
    age: "updated",
    ended: "updated",
    bytes: "octet_length(doc) + coalesce(octet_length(notice), 0)",
    own_bound: "$.limits.ended_callback_bytes",
};

const AUDIT: ClassRows = ClassRows {
    name: "audit",
    table: "audit",
    may_go: "TRUE",
    age: "at",
    ended: "at",
    bytes: "octet_length(doc)",
    own_bound: "$.limits.audit_bytes",
};

pub(super) fn rows_of(class: RetentionClass) -> &'static ClassRows {
    match class {
        RetentionClass::Records => &RECORDS,
        RetentionClass::DeadLetters => &DEAD_LETTERS,
        RetentionClass::Callbacks => &CALLBACKS,
        RetentionClass::Audit => &AUDIT,
    }
}

/// Adds `bytes`, which may be negative, to the count of a namespace.
pub(super) fn add(db: &Connection, class: RetentionClass, namespace: &str, bytes: i64) -> Result<(), StoreError> {
    let mut add = db.prepare_cached(
        "INSERT INTO kept (kind, namespace, bytes) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes",
    )?;
    add.execute(params![rows_of(class).name, namespace, bytes])?;
    Ok(())
}

/// What a namespace has of one kind.
pub(super) fn of(db: &Connection, class: RetentionClass, namespace: &NamespaceName) -> Result<u64, StoreError> {
    of_kind(db, rows_of(class).name, namespace)
}

/// What a namespace has of callbacks that are not over, with their jobs; triggers of the schema keep count.
pub(super) fn of_undelivered(db: &Connection, namespace: &NamespaceName) -> Result<u64, StoreError> {
    of_kind(db, "undelivered", namespace)
}

fn of_kind(db: &Connection, kind: &str, namespace: &NamespaceName) -> Result<u64, StoreError> {
    let mut select = db.prepare_cached("SELECT bytes FROM kept WHERE kind = ?1 AND namespace = ?2")?;
    Ok(select.query_row([kind, namespace.as_str()], values::count).optional()?.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use wask_model::LimitOverrides;

    use super::*;

    #[test]
    fn every_class_has_a_bound_that_an_operator_can_set() {
        let names = RetentionClass::ALL.map(|class| rows_of(class).own_bound.strip_prefix("$.limits.").unwrap());
        assert_eq!(names, ["record_bytes", "dead_letter_bytes", "ended_callback_bytes", "audit_bytes"]);
        for name in names {
            assert!(LimitOverrides::NAMES.contains(&name), "{name}");
        }
    }
}
