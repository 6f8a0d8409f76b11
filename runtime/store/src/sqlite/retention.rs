//! Removes the oldest data: [`RetentionStore`].

use async_trait::async_trait;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};
use tracing::warn;
use wask_model::{NamespaceName, Timestamp};

use super::operation::Steps;
use super::stored_bytes::{self, ClassRows, rows_of};
use super::values::{self, sql_number};
use super::{SqliteStore, idempotency, ticks};
use crate::{RetentionClass, RetentionStore, StoreError};

/// How many free pages of 4 KiB stay in the file for the next records; more are returned to the disk.
const SPARE_PAGES: u64 = 1024;
/// How many pages are returned in one transaction at most, so that other writes do not wait long.
const PAGES_AT_ONCE: u64 = 1024;

#[async_trait]
impl RetentionStore for SqliteStore {
    async fn forget_before(&self, class: RetentionClass, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let forgotten = self.writer.write(Steps::Several, move |db| forget_before(db, class, before, limit)).await?;
        self.give_back_free_pages().await;
        Ok(forgotten)
    }

    async fn forget_beyond(&self, class: RetentionClass, bytes: u64, limit: u32) -> Result<u64, StoreError> {
        let forgotten = self.writer.write(Steps::Several, move |db| forget_beyond(db, class, bytes, limit)).await?;
        if forgotten > 0 {
            self.give_back_free_pages().await;
        }
        Ok(forgotten)
    }

    async fn kept_bytes(&self, class: RetentionClass, namespace: &NamespaceName) -> Result<u64, StoreError> {
        let namespace = namespace.clone();
        self.readers.read(move |db| stored_bytes::of(db, class, &namespace)).await
    }

    async fn keeps_most(&self) -> Result<Option<NamespaceName>, StoreError> {
        let read = |db: &Connection| {
            let mut select = db.prepare_cached(
                "SELECT namespace FROM (SELECT namespace, bytes FROM kept
                     UNION ALL SELECT namespace, bytes FROM entities_kept)
                 GROUP BY namespace HAVING sum(bytes) > 0 ORDER BY sum(bytes) DESC, namespace LIMIT 1",
            )?;
            let mut rows = select.query([])?;
            rows.next()?.map(|row| values::namespace(row, 0)).transpose()
        };
        self.readers.read(read).await
    }

    async fn forget_keys(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.writer.write(Steps::Several, move |db| idempotency::forget(db, before, limit)).await
    }

    async fn forget_ticks(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.writer.write(Steps::One, move |db| ticks::forget(db, before, limit)).await
    }
}

impl SqliteStore {
    /// Runs in a transaction of its own, so that a failure does not undo the removal. The next call continues.
    async fn give_back_free_pages(&self) {
        if let Err(cause) = self.writer.write(Steps::One, give_back_free_pages).await {
            warn!(%cause, "free pages could not be returned to the disk");
        }
    }
}

/// Goes from namespace to namespace, and oldest first in each, because that is the order of the index of lists.
fn forget_before(db: &Connection, class: RetentionClass, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let &ClassRows { name, table, may_go, age, ended, bytes, .. } = rows_of(class);
    let mut next_namespace = db.prepare_cached("SELECT min(namespace) FROM kept WHERE kind = ?1 AND namespace > ?2")?;
    let mut delete = db.prepare_cached(&format!(
        "DELETE FROM {table} WHERE namespace = ?1 AND id IN (
             SELECT id FROM {table} WHERE namespace = ?1 AND {may_go} AND {age} < ?2 AND {ended} < ?2
             ORDER BY {age} LIMIT ?3)
         RETURNING {bytes}"
    ))?;
    let (mut namespace, mut forgotten) = (String::new(), 0);
    while forgotten < u64::from(limit) {
        let next = next_namespace.query_row(params![name, namespace], |row| row.get::<_, Option<String>>(0))?;
        let Some(found) = next else { break };
        namespace = found;
        let left = sql_number(u64::from(limit) - forgotten);
        let sizes = delete.query_map(params![namespace, before.millis(), left], |row| row.get::<_, i64>(0))?;
        let sizes = sizes.collect::<Result<Vec<i64>, _>>()?;
        if !sizes.is_empty() {
            stored_bytes::add(db, class, &namespace, -sizes.iter().sum::<i64>())?;
        }
        forgotten += sizes.len() as u64;
    }
    Ok(forgotten)
}

fn forget_beyond(db: &Connection, class: RetentionClass, most: u64, limit: u32) -> Result<u64, StoreError> {
    let &ClassRows { name, table, may_go, age, bytes, own_bound, .. } = rows_of(class);
    let mut over = db.prepare_cached(
        "SELECT namespace, bytes, most FROM (
             SELECT namespace, bytes, coalesce(json_extract(doc, ?3), ?2) AS most
             FROM kept LEFT JOIN namespace ON namespace.name = kept.namespace WHERE kind = ?1)
         WHERE bytes > most ORDER BY namespace",
    )?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let over = over.query_map(params![name, sql_number(most), own_bound], read)?;
    let over: Vec<(String, i64, i64)> = over.collect::<Result<_, _>>()?;
    let mut oldest = db.prepare_cached(&format!(
        "SELECT id, {bytes} FROM {table} WHERE namespace = ?1 AND {may_go} ORDER BY {age} LIMIT ?2"
    ))?;
    let mut delete = db.prepare_cached(&format!("DELETE FROM {table} WHERE namespace = ?1 AND id = ?2"))?;
    let mut forgotten = 0;
    for (namespace, mut kept, most) in over {
        let left = sql_number(u64::from(limit) - forgotten);
        let found = oldest.query_map(params![namespace, left], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (found, before) = (found.collect::<Result<Vec<(Value, i64)>, _>>()?, kept);
        for (id, size) in found {
            if kept <= most {
                break;
            }
            delete.execute(params![namespace, id])?;
            (kept, forgotten) = (kept - size, forgotten + 1);
        }
        stored_bytes::add(db, class, &namespace, kept - before)?;
        if forgotten >= u64::from(limit) {
            break;
        }
    }
    Ok(forgotten)
}

fn give_back_free_pages(db: &Connection) -> Result<(), StoreError> {
    let free: u64 = db.pragma_query_value(None, "freelist_count", values::count)?;
    let pages = free.saturating_sub(SPARE_PAGES).min(PAGES_AT_ONCE);
    if pages > 0 {
        let mut vacuum = db.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
        let mut page_by_page = vacuum.query([])?;
        while page_by_page.next()?.is_some() {}
    }
    Ok(())
}
