//! Rows of the table `callback`.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use wask_model::{ActivationId, Callback, CallbackEnd, CallbackId, CallbackState};

use super::stored_bytes::{self, rows_of};
use super::values;
use crate::{KnownCallback, RetentionClass, StoreError};

/// Stores a new callback. A callback whose id exists stays as it is.
pub(super) fn insert(db: &Connection, callback: &Callback) -> Result<(), StoreError> {
    let mut insert = db.prepare_cached(
        "INSERT INTO callback (id, namespace, activation, cause, name, correlation, created, updated, ended, doc)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING",
    )?;
    insert.execute(params![
        callback.id.as_activation_id().to_bytes(),
        callback.namespace.as_str(),
        callback.activation.to_bytes(),
        callback.cause.map(ActivationId::to_bytes),
        callback.name.to_string(),
        callback.correlation_id,
        callback.created.millis(),
        callback.updated.millis(),
        callback.end.map(end_text),
        serde_json::to_string(callback)?,
    ])?;
    Ok(())
}

/// Replaces a callback and counts its bytes while it is over. `notice`: `None` leaves the stored one.
pub(super) fn update(
    db: &Connection,
    was: &Callback,
    becomes: &Callback,
    notice: Option<&str>,
) -> Result<(), StoreError> {
    let mut size =
        db.prepare_cached(&format!("SELECT {} FROM callback WHERE id = ?1", rows_of(RetentionClass::Callbacks).bytes))?;
    let id = becomes.id.as_activation_id().to_bytes();
    let mut kept = |over: bool| if over { size.query_row([id], |row| row.get::<_, i64>(0)) } else { Ok(0) };
    let before = kept(was.end.is_some())?;
    let mut update = db.prepare_cached(
        "UPDATE callback SET updated = ?2, ended = ?3, doc = ?4, notice = coalesce(?5, notice) WHERE id = ?1",
    )?;
    let doc = serde_json::to_string(becomes)?;
    update.execute(params![id, becomes.updated.millis(), becomes.end.map(end_text), doc, notice])?;
    let after = kept(becomes.end.is_some())?;
    stored_bytes::add(db, RetentionClass::Callbacks, becomes.namespace.as_str(), after - before)
}

pub(super) fn load(db: &Connection, id: CallbackId) -> Result<Option<Callback>, StoreError> {
    let mut select = db.prepare_cached("SELECT doc FROM callback WHERE id = ?1")?;
    let found = select.query_row([id.as_activation_id().to_bytes()], |row| Ok(values::json(row, 0)));
    found.optional()?.transpose()
}

/// Columns: doc of the callback; state and due time of its job.
pub(super) fn known(row: &Row<'_>) -> Result<KnownCallback, StoreError> {
    let callback: Callback = values::json(row, 0)?;
    let job: Option<String> = row.get(1)?;
    let (state, next_attempt) = match (callback.end, job.as_deref()) {
        (Some(end), _) => (end.into(), None),
        (None, None) => (CallbackState::Waiting, None),
        (None, Some("leased")) => (CallbackState::InFlight, None),
        (None, Some(_)) => (CallbackState::Pending, values::optional_time(row, 2)?),
    };
    Ok(KnownCallback { callback, state, next_attempt })
}

fn end_text(end: CallbackEnd) -> &'static str {
    CallbackState::from(end).as_str()
}
