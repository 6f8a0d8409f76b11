//! Past ticks of alarms: the newest of each alarm, for a limited time.

use rusqlite::{Connection, params};
use wask_model::{PastTick, Timestamp};

use super::values::{self, Key};
use crate::StoreError;

/// A past tick, already serialized to spare the writer thread.
pub(super) struct TickRow {
    due: i64,
    origin: &'static str,
    at: i64,
    doc: String,
}

impl TickRow {
    pub fn new(past: &PastTick) -> Result<Self, StoreError> {
        let doc = serde_json::to_string(past)?;
        Ok(TickRow { due: past.due.millis(), origin: past.origin.as_str(), at: past.at.millis(), doc })
    }
}

/// Writes the rows, replacing rows of the same ticks, and removes all but the newest `keep` of the alarm.
pub(super) fn put(db: &Connection, key: &Key, rows: &[TickRow], keep: u32) -> Result<(), StoreError> {
    let mut upsert = db.prepare_cached(
        "INSERT OR REPLACE INTO alarm_tick (namespace, local, due, origin, at, doc) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for row in rows {
        upsert.execute(params![key.namespace.as_str(), key.local, row.due, row.origin, row.at, row.doc])?;
    }
    if !rows.is_empty() {
        let mut trim = db.prepare_cached(
            "DELETE FROM alarm_tick WHERE namespace = ?1 AND local = ?2 AND (due, origin) <= (
                 SELECT due, origin FROM alarm_tick WHERE namespace = ?1 AND local = ?2
                 ORDER BY due DESC, origin DESC LIMIT 1 OFFSET ?3)",
        )?;
        trim.execute(params![key.namespace.as_str(), key.local, keep])?;
    }
    Ok(())
}

pub(super) fn latest(db: &Connection, key: &Key, limit: u32) -> Result<Vec<PastTick>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT doc FROM alarm_tick WHERE namespace = ?1 AND local = ?2 ORDER BY due DESC, origin DESC LIMIT ?3",
    )?;
    let mut found = select.query(params![key.namespace.as_str(), key.local, limit])?;
    let mut ticks = Vec::new();
    while let Some(row) = found.next()? {
        ticks.push(values::json(row, 0)?);
    }
    Ok(ticks)
}

pub(super) fn remove_all(db: &Connection, key: &Key) -> Result<(), StoreError> {
    let mut delete = db.prepare_cached("DELETE FROM alarm_tick WHERE namespace = ?1 AND local = ?2")?;
    delete.execute(params![key.namespace.as_str(), key.local])?;
    Ok(())
}

pub(super) fn forget(db: &Connection, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let mut delete = db.prepare_cached(
        "DELETE FROM alarm_tick WHERE rowid IN (SELECT rowid FROM alarm_tick WHERE at < ?1 ORDER BY at LIMIT ?2)",
    )?;
    Ok(delete.execute(params![before.millis(), limit])? as u64)
}
