//! The audit: [`AuditStore`].

use async_trait::async_trait;
use rusqlite::{Connection, params};
use wask_model::{AuditRecord, Timestamp};

use super::SqliteStore;
use super::stored_bytes;
use super::values::{self, sql_number};
use crate::{AuditQuery, AuditStore, RetentionClass, StoreError};

const MATCHES: &str = "FROM audit WHERE namespace = ?1 AND at BETWEEN ?2 AND ?3 AND (?4 IS NULL OR name = ?4)";

#[async_trait]
impl AuditStore for SqliteStore {
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>, StoreError> {
        let (namespace, query) = (query.namespace.clone(), query.clone());
        let read = move |db: &Connection| {
            let sql = format!("SELECT doc {MATCHES} ORDER BY at DESC, id DESC LIMIT ?5 OFFSET ?6");
            let mut select = db.prepare_cached(&sql)?;
            let AuditQuery { namespace, name, skip, limit, .. } = &query;
            let ((since, upto), limit, skip) = (bounds(&query), sql_number(*limit), sql_number(*skip));
            let mut found = select.query(params![namespace.as_str(), since, upto, name, limit, skip])?;
            let mut records = Vec::new();
            while let Some(row) = found.next()? {
                records.push(values::json(row, 0)?);
            }
            Ok(records)
        };
        self.readers.read_for(&namespace, read).await
    }

    async fn count_audit(&self, query: &AuditQuery) -> Result<u64, StoreError> {
        let (namespace, query) = (query.namespace.clone(), query.clone());
        let read = move |db: &Connection| {
            let mut count = db.prepare_cached(&format!("SELECT count(*) {MATCHES}"))?;
            let (since, upto) = bounds(&query);
            Ok(count.query_row(params![query.namespace.as_str(), since, upto, query.name], values::count)?)
        };
        self.readers.read_for(&namespace, read).await
    }
}

fn bounds(query: &AuditQuery) -> (i64, i64) {
    (query.since.map_or(i64::MIN, Timestamp::millis), query.upto.map_or(i64::MAX, Timestamp::millis))
}

/// A record, already serialized to spare the writer thread.
pub(super) struct AuditRow {
    namespace: String,
    at: i64,
    name: String,
    doc: String,
}

impl AuditRow {
    pub fn new(record: &AuditRecord) -> Result<AuditRow, StoreError> {
        Ok(AuditRow {
            namespace: record.name.namespace.to_string(),
            at: record.at.millis(),
            name: record.name.local(),
            doc: serde_json::to_string(record)?,
        })
    }

    pub fn insert(&self, db: &Connection) -> Result<(), StoreError> {
        let mut insert = db.prepare_cached("INSERT INTO audit (namespace, at, name, doc) VALUES (?1, ?2, ?3, ?4)")?;
        insert.execute(params![self.namespace, self.at, self.name, self.doc])?;
        stored_bytes::add(db, RetentionClass::Audit, &self.namespace, sql_number(self.doc.len() as u64))
    }
}
