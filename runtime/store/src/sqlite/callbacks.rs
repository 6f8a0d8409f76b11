//! Completion callbacks. Where one stands is read from the job of the same id, so that the two cannot contradict each other.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use wask_model::{ActivationId, Callback, CallbackEnd, CallbackId, CallbackState, NamespaceName, Timestamp};

use super::SqliteStore;
use super::callback_search::CallbackSearch;
use super::jobs::{end_job, release_job};
use super::operation::Steps;
use super::retention::{self, Kind};
use super::rows::{self, insert_jobs};
use crate::{
    AfterAttempt, CallbackCancelOutcome, CallbackQuery, CallbackStore, KnownCallback, Lease, NewJob, StoreError,
    StoredCallbackSettings,
};

#[async_trait]
impl CallbackStore for SqliteStore {
    async fn callback(&self, namespace: &NamespaceName, id: CallbackId) -> Result<Option<KnownCallback>, StoreError> {
        let (namespace, id) = (namespace.clone(), id.as_activation_id());
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached(
                "SELECT callback.doc, job.state, job.due FROM callback LEFT JOIN job ON job.id = callback.id
                 WHERE callback.id = ?1 AND callback.namespace = ?2",
            )?;
            let found = select.query_row(params![id.to_bytes(), namespace.as_str()], |row| Ok(known(row)));
            found.optional()?.transpose()
        };
        self.readers.read(read).await
    }

    async fn callbacks(&self, query: &CallbackQuery) -> Result<Vec<KnownCallback>, StoreError> {
        let search = CallbackSearch::new(query);
        let read = move |db: &Connection| {
            let mut page = search.page(db, known)?;
            page.sort_unstable_by_key(|known| std::cmp::Reverse((known.callback.created, known.callback.id)));
            Ok(page)
        };
        self.readers.read(read).await
    }

    async fn count_callbacks(&self, query: &CallbackQuery) -> Result<u64, StoreError> {
        let search = CallbackSearch::new(query);
        self.readers.read(move |db| search.count(db)).await
    }

    async fn count_undelivered(&self, namespace: &NamespaceName) -> Result<u64, StoreError> {
        let namespace = namespace.clone();
        let read = move |db: &Connection| {
            let mut count =
                db.prepare_cached("SELECT count(*) FROM callback WHERE namespace = ?1 AND ended IS NULL")?;
            Ok(count.query_row([namespace.as_str()], rows::count)?)
        };
        self.readers.read(read).await
    }

    async fn settle_callback(
        &self,
        lease: &Lease,
        callback: Callback,
        settled: AfterAttempt,
    ) -> Result<bool, StoreError> {
        let lease = lease.clone();
        let settle = move |db: &Connection| {
            let Some(stored) = load(db, callback.id)? else {
                return end_job(db, &lease); // its namespace was emptied meanwhile
            };
            let mut becomes = callback.clone();
            becomes.end = stored.end.or(becomes.end);
            let written = match (&settled, becomes.end) {
                (AfterAttempt::Again { due }, None) => release_job(db, &lease, *due, None)?,
                (AfterAttempt::Again { .. }, Some(_)) | (AfterAttempt::Over { .. }, _) => end_job(db, &lease)?,
            };
            if !written {
                return Ok(false);
            }
            let notice = match &settled {
                AfterAttempt::Over { notice } => Some(notice.as_str()),
                AfterAttempt::Again { .. } => None,
            };
            update(db, &stored, &becomes, notice)?;
            Ok(true)
        };
        self.writer.write(Steps::Several, settle).await
    }

    async fn cancel_callback(
        &self,
        namespace: &NamespaceName,
        id: CallbackId,
        now: Timestamp,
    ) -> Result<CallbackCancelOutcome, StoreError> {
        let namespace = namespace.clone();
        let cancel = move |db: &Connection| {
            let Some(stored) = load(db, id)?.filter(|stored| stored.namespace == namespace) else {
                return Ok(CallbackCancelOutcome::Unknown);
            };
            let mut becomes = stored.clone();
            if becomes.cancel(now).is_err() {
                return Ok(CallbackCancelOutcome::Over);
            }
            let mut delete = db.prepare_cached("DELETE FROM job WHERE id = ?1 AND state = 'due'")?;
            delete.execute([id.as_activation_id().to_bytes()])?;
            update(db, &stored, &becomes, None)?;
            Ok(CallbackCancelOutcome::Done)
        };
        self.writer.write(Steps::Several, cancel).await
    }

    async fn notice(&self, namespace: &NamespaceName, id: CallbackId) -> Result<Option<String>, StoreError> {
        let (namespace, id) = (namespace.clone(), id.as_activation_id());
        let read = move |db: &Connection| {
            let mut select = db
                .prepare_cached("SELECT notice FROM callback WHERE id = ?1 AND namespace = ?2 AND ended IS NOT NULL")?;
            let found = select.query_row(params![id.to_bytes(), namespace.as_str()], |row| row.get(0));
            Ok(found.optional()?.flatten())
        };
        self.readers.read(read).await
    }

    async fn restart_callback(&self, was: &Callback, becomes: Callback, job: NewJob) -> Result<bool, StoreError> {
        let (was, job) = (was.clone(), [job]);
        let restart = move |db: &Connection| {
            let unchanged = load(db, was.id)?.is_some_and(|stored| stored == was);
            if unchanged {
                update(db, &was, &becomes, None)?;
                insert_jobs(db, &job)?;
            }
            Ok(unchanged)
        };
        self.writer.write(Steps::Several, restart).await
    }

    async fn callback_settings(&self, namespace: &NamespaceName) -> Result<StoredCallbackSettings, StoreError> {
        let namespace = namespace.clone();
        self.readers.read(move |db| settings(db, &namespace)).await
    }

    async fn replace_callback_settings(
        &self,
        namespace: &NamespaceName,
        was: &StoredCallbackSettings,
        becomes: StoredCallbackSettings,
    ) -> Result<bool, StoreError> {
        let (namespace, was, doc) = (namespace.clone(), was.clone(), serde_json::to_string(&becomes)?);
        let replace = move |db: &Connection| {
            let unchanged = settings(db, &namespace)? == was;
            if unchanged {
                let mut put =
                    db.prepare_cached("INSERT OR REPLACE INTO callback_settings (namespace, doc) VALUES (?1, ?2)")?;
                put.execute([namespace.as_str(), &doc])?;
            }
            Ok(unchanged)
        };
        self.writer.write(Steps::One, replace).await
    }
}

/// Stores a new callback; one whose id exists stays as it is.
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

/// `notice`: `None` leaves what is there.
fn update(db: &Connection, was: &Callback, becomes: &Callback, notice: Option<&str>) -> Result<(), StoreError> {
    let mut size = db.prepare_cached(&format!("SELECT {} FROM callback WHERE id = ?1", Kind::Callback.bytes()))?;
    let id = becomes.id.as_activation_id().to_bytes();
    let mut kept = |over: bool| match over {
        true => size.query_row([id], |row| row.get::<_, i64>(0)),
        false => Ok(0),
    };
    let before = kept(was.end.is_some())?;
    let mut update = db.prepare_cached(
        "UPDATE callback SET updated = ?2, ended = ?3, doc = ?4, notice = coalesce(?5, notice) WHERE id = ?1",
    )?;
    let doc = serde_json::to_string(becomes)?;
    update.execute(params![id, becomes.updated.millis(), becomes.end.map(end_text), doc, notice])?;
    let after = kept(becomes.end.is_some())?;
    retention::add(db, Kind::Callback, becomes.namespace.as_str(), after - before)
}

fn load(db: &Connection, id: CallbackId) -> Result<Option<Callback>, StoreError> {
    let mut select = db.prepare_cached("SELECT doc FROM callback WHERE id = ?1")?;
    let found = select.query_row([id.as_activation_id().to_bytes()], |row| Ok(rows::json(row, 0)));
    found.optional()?.transpose()
}

fn settings(db: &Connection, namespace: &NamespaceName) -> Result<StoredCallbackSettings, StoreError> {
    let mut select = db.prepare_cached("SELECT doc FROM callback_settings WHERE namespace = ?1")?;
    let found = select.query_row([namespace.as_str()], |row| Ok(rows::json(row, 0)));
    Ok(found.optional()?.transpose()?.unwrap_or_default())
}

fn end_text(end: CallbackEnd) -> &'static str {
    CallbackState::from(end).as_str()
}

/// Columns: doc of the callback; state and due time of its job.
fn known(row: &Row<'_>) -> Result<KnownCallback, StoreError> {
    let callback: Callback = rows::json(row, 0)?;
    let job: Option<String> = row.get(1)?;
    let (state, next_attempt) = match (callback.end, job.as_deref()) {
        (Some(end), _) => (end.into(), None),
        (None, None) => (CallbackState::Waiting, None),
        (None, Some("leased")) => (CallbackState::InFlight, None),
        (None, Some(_)) => (CallbackState::Pending, rows::optional_time(row, 2)?),
    };
    Ok(KnownCallback { callback, state, next_attempt })
}
