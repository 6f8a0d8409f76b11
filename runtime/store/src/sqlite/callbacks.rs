//! Completion callbacks: [`CallbackStore`]. The state of a callback is that of the job with the same id, so the two
//! cannot contradict each other.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use wask_model::{Callback, CallbackId, NamespaceName, Timestamp};

use super::SqliteStore;
use super::callback_rows::{known, load, update};
use super::callback_search::CallbackSearch;
use super::job_rows::insert_jobs;
use super::leases::{end_job, release_job};
use super::operation::Steps;
use super::pages::{self, Weight};
use super::{stored_bytes, values};
use crate::{
    AfterAttempt, CallbackCancelOutcome, CallbackQuery, CallbackStore, KnownCallback, Lease, ListPage, NewJob,
    StoreError, StoredCallbackSettings, Undelivered,
};

/// One callback, and its bytes.
fn one(
    db: &Connection,
    namespace: &NamespaceName,
    id: [u8; 16],
) -> Result<Option<(KnownCallback, Weight)>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT callback.doc, job.state, job.due FROM callback LEFT JOIN job ON job.id = callback.id
         WHERE callback.id = ?1 AND callback.namespace = ?2",
    )?;
    let found = select.query_row(params![id, namespace.as_str()], |row| {
        let bytes = row.get_ref(0)?.as_str()?.len();
        Ok(known(row).map(|callback| (callback, Weight::of(bytes))))
    });
    found.optional()?.transpose()
}

#[async_trait]
impl CallbackStore for SqliteStore {
    async fn callback(&self, namespace: &NamespaceName, id: CallbackId) -> Result<Option<KnownCallback>, StoreError> {
        let (owner, id) = (namespace.clone(), id.as_activation_id().to_bytes());
        let read = move |db: &Connection| Ok(one(db, &owner, id)?.map(|(callback, _)| callback));
        self.readers.read_for(namespace, read).await
    }

    async fn callbacks(&self, query: &CallbackQuery) -> Result<ListPage<KnownCallback>, StoreError> {
        let (search, namespace, bytes) = (CallbackSearch::new(query), query.namespace.clone(), query.bytes);
        let read = move |db: &Connection| pages::page(search.ids(db)?, bytes, |id| one(db, &namespace, id));
        self.readers.read_for(&query.namespace, read).await
    }

    async fn count_callbacks(&self, query: &CallbackQuery) -> Result<u64, StoreError> {
        let search = CallbackSearch::new(query);
        self.readers.read_for(&query.namespace, move |db| search.count(db)).await
    }

    async fn undelivered(&self, namespace: &NamespaceName) -> Result<Undelivered, StoreError> {
        let namespace = namespace.clone();
        let read = move |db: &Connection| {
            let mut count =
                db.prepare_cached("SELECT count(*) FROM callback WHERE namespace = ?1 AND ended IS NULL")?;
            let callbacks = count.query_row([namespace.as_str()], values::count)?;
            let bytes = stored_bytes::of_undelivered(db, &namespace)?;
            Ok(Undelivered { callbacks, bytes })
        };
        self.readers.read(read).await
    }

    async fn settle_callback(
        &self,
        lease: &Lease,
        callback: Callback,
        after: AfterAttempt,
    ) -> Result<bool, StoreError> {
        let lease = lease.clone();
        let settle = move |db: &Connection| {
            let Some(stored) = load(db, callback.id)? else {
                return end_job(db, &lease); // its namespace has been emptied since the job was claimed
            };
            let mut becomes = callback.clone();
            becomes.end = stored.end.or(becomes.end);
            let written = match (&after, becomes.end) {
                (AfterAttempt::Again { due }, None) => release_job(db, &lease, *due)?,
                (AfterAttempt::Again { .. }, Some(_)) | (AfterAttempt::Over { .. }, _) => end_job(db, &lease)?,
            };
            if !written {
                return Ok(false);
            }
            let notice = match &after {
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
                // It stands in the job now, and need not be stored twice.
                let mut clear = db.prepare_cached("UPDATE callback SET notice = NULL WHERE id = ?1")?;
                clear.execute([was.id.as_activation_id().to_bytes()])?;
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

fn settings(db: &Connection, namespace: &NamespaceName) -> Result<StoredCallbackSettings, StoreError> {
    let mut select = db.prepare_cached("SELECT doc FROM callback_settings WHERE namespace = ?1")?;
    let found = select.query_row([namespace.as_str()], |row| Ok(values::json(row, 0)));
    Ok(found.optional()?.transpose()?.unwrap_or_default())
}
