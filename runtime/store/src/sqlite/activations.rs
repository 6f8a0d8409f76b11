//! Records.

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use tracing::warn;
use wask_model::{Activation, ActivationId, NamespaceName, Timestamp};

use super::SqliteStore;
use super::connection::sql_number;
use super::operation::Steps;
use super::rows::{self, Head, RecordRow, insert_records};
use super::search::Search;
use crate::{ActivationQuery, ActivationStore, StoreError, Summary};

/// Free pages, of 4 KiB, that stay in the file for the next records; more is given back to the disk.
const SPARE_PAGES: u64 = 1024;
/// Pages given back in one transaction at most, so that other writes do not wait long.
const PAGES_AT_ONCE: u64 = 1024;

#[async_trait]
impl ActivationStore for SqliteStore {
    async fn record(&self, records: &[Arc<Activation>]) -> Result<(), StoreError> {
        let rows = RecordRow::all(records)?;
        let steps = if rows.len() > 1 { Steps::Several } else { Steps::One };
        self.writer.write(steps, move |db| insert_records(db, &rows)).await
    }

    async fn activation(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Option<Activation>, StoreError> {
        let namespace = namespace.clone();
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached(
                "SELECT id, start, ended, head, response, logs FROM activation WHERE namespace = ?1 AND id = ?2",
            )?;
            let found = select.query_row(params![namespace.as_str(), id.to_bytes()], |row| Ok(record(row, &namespace)));
            found.optional()?.transpose()
        };
        self.readers.read(read).await
    }

    async fn activation_summaries(&self, query: &ActivationQuery) -> Result<Vec<Summary>, StoreError> {
        let (search, namespace) = (Search::new(query), query.namespace.clone());
        let read = move |db: &Connection| {
            let mut page = search.page(db, "id, start, ended, head", |row| summary(row, &namespace))?;
            page.sort_unstable_by_key(|s| std::cmp::Reverse((s.start, s.id)));
            Ok(page)
        };
        self.readers.read(read).await
    }

    async fn activation_records(&self, query: &ActivationQuery) -> Result<Vec<Activation>, StoreError> {
        let (search, namespace) = (Search::new(query), query.namespace.clone());
        let read = move |db: &Connection| {
            let columns = "id, start, ended, head, response, logs";
            let mut page = search.page(db, columns, |row| record(row, &namespace))?;
            page.sort_unstable_by_key(|a| std::cmp::Reverse((a.start, a.id)));
            Ok(page)
        };
        self.readers.read(read).await
    }

    async fn count_activations(&self, query: &ActivationQuery) -> Result<u64, StoreError> {
        let search = Search::new(query);
        self.readers.read(move |db| search.count(db)).await
    }

    async fn forget_activations(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let forgotten = self.writer.write(Steps::Several, move |db| forget(db, before, limit)).await?;
        // Apart: what was forgotten stays forgotten when this fails. The next call goes on where it stops.
        if let Err(cause) = self.writer.write(Steps::One, give_back_free_pages).await {
            warn!(%cause, "free pages stay in the file");
        }
        Ok(forgotten)
    }
}

/// Columns: id, start, ended, head.
fn summary(row: &Row<'_>, namespace: &NamespaceName) -> Result<Summary, StoreError> {
    let head: Head<'static> = rows::json(row, 3)?;
    Ok(Summary {
        id: rows::id(row, 0)?,
        namespace: namespace.clone(),
        name: head.name.into_owned(),
        version: head.version,
        start: rows::time(row, 1)?,
        end: rows::optional_time(row, 2)?,
        duration_ms: head.duration_ms,
        cause: head.cause,
        status_code: head.status,
        annotations: head.annotations.into_owned(),
    })
}

/// Columns: id, start, ended, head, response, logs.
fn record(row: &Row<'_>, namespace: &NamespaceName) -> Result<Activation, StoreError> {
    let head: Head<'static> = rows::json(row, 3)?;
    Ok(Activation {
        id: rows::id(row, 0)?,
        namespace: namespace.clone(),
        name: head.name.into_owned(),
        version: head.version,
        subject: head.subject.into_owned(),
        start: rows::time(row, 1)?,
        end: rows::optional_time(row, 2)?,
        duration_ms: head.duration_ms,
        cause: head.cause,
        response: rows::response(row, 4)?,
        logs: rows::logs(row, 5)?,
        annotations: head.annotations.into_owned(),
    })
}

/// Goes from namespace to namespace, oldest start first in each: what ended before a time also started before it, so
/// that the index of the lists finds it and the end needs none.
fn forget(db: &Connection, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let mut next_namespace = db.prepare_cached("SELECT min(namespace) FROM activation WHERE namespace > ?1")?;
    let mut delete = db.prepare_cached(
        "DELETE FROM activation WHERE namespace = ?1 AND id IN (
             SELECT id FROM activation WHERE namespace = ?1 AND start < ?2 AND coalesce(ended, start) < ?2
             ORDER BY start LIMIT ?3)",
    )?;
    let (mut namespace, mut forgotten) = (String::new(), 0);
    while forgotten < u64::from(limit) {
        let Some(found) = next_namespace.query_row([&namespace], |row| row.get::<_, Option<String>>(0))? else { break };
        namespace = found;
        let left = sql_number(u64::from(limit) - forgotten);
        forgotten += delete.execute(params![namespace, before.millis(), left])? as u64;
    }
    Ok(forgotten)
}

fn give_back_free_pages(db: &Connection) -> Result<(), StoreError> {
    let free: u64 = db.pragma_query_value(None, "freelist_count", rows::count)?;
    let pages = free.saturating_sub(SPARE_PAGES).min(PAGES_AT_ONCE);
    if pages > 0 {
        let mut vacuum = db.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
        let mut page_by_page = vacuum.query([])?;
        while page_by_page.next()?.is_some() {}
    }
    Ok(())
}
