//! Rows of the tables `alarm`, which changes with every tick, and `alarm_payload`, which does not.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use wask_model::{Alarm, Timestamp};

use super::values::{self, Key};
use crate::StoreError;

/// An alarm, already serialized to spare the writer thread.
pub(super) struct AlarmRow {
    pub key: Key,
    next_fire: Option<i64>,
    /// All but the payload; JSON.
    doc: String,
    /// `None`: it stays as it is.
    payload: Option<String>,
}

impl AlarmRow {
    /// `was`: the stored alarm that it takes the place of. `None`: whatever is stored.
    pub fn new(mut alarm: Alarm, was: Option<&Alarm>) -> Result<AlarmRow, StoreError> {
        let payload = alarm.payload.take();
        let stays = was.is_some_and(|was| was.payload == payload);
        Ok(AlarmRow {
            key: Key::from(&alarm.trigger),
            next_fire: alarm.next_fire.map(Timestamp::millis),
            doc: serde_json::to_string(&alarm)?,
            payload: if stays { None } else { Some(serde_json::to_string(&payload)?) },
        })
    }
}

/// A query of alarms for [`alarm_at`]. `terms`: its conditions and order.
pub(super) fn with_payload(terms: &str) -> String {
    format!("SELECT doc, payload FROM alarm JOIN alarm_payload USING (namespace, local) {terms}")
}

/// Columns: those of [`with_payload`].
pub(super) fn alarm_at(row: &Row<'_>) -> Result<Alarm, StoreError> {
    Ok(Alarm { payload: values::json(row, 1)?, ..values::json(row, 0)? })
}

pub(super) fn stored(db: &Connection, key: &Key) -> Result<Option<Alarm>, StoreError> {
    let mut select = db.prepare_cached(&with_payload("WHERE namespace = ?1 AND local = ?2"))?;
    let found = select.query_row(params![key.namespace.as_str(), key.local], |row| Ok(alarm_at(row)));
    found.optional()?.transpose()
}

/// Writes an alarm, whether or not there is one.
pub(super) fn put(db: &Connection, row: &AlarmRow) -> Result<(), StoreError> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO alarm (namespace, local, next_fire, doc) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (namespace, local) DO UPDATE SET next_fire = excluded.next_fire, doc = excluded.doc",
    )?;
    upsert.execute(params![row.key.namespace.as_str(), row.key.local, row.next_fire, row.doc])?;
    put_payload(db, row)
}

/// Replaces an alarm that is stored.
pub(super) fn update(db: &Connection, row: &AlarmRow) -> Result<(), StoreError> {
    let mut update =
        db.prepare_cached("UPDATE alarm SET next_fire = ?3, doc = ?4 WHERE namespace = ?1 AND local = ?2")?;
    update.execute(params![row.key.namespace.as_str(), row.key.local, row.next_fire, row.doc])?;
    put_payload(db, row)
}

fn put_payload(db: &Connection, row: &AlarmRow) -> Result<(), StoreError> {
    let Some(payload) = &row.payload else { return Ok(()) };
    let mut upsert = db.prepare_cached(
        "INSERT INTO alarm_payload (namespace, local, payload) VALUES (?1, ?2, ?3)
         ON CONFLICT (namespace, local) DO UPDATE SET payload = excluded.payload",
    )?;
    upsert.execute(params![row.key.namespace.as_str(), row.key.local, payload])?;
    Ok(())
}
