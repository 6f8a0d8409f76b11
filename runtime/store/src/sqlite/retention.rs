//! How much of each kind a namespace keeps, and the removal of the oldest.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use tracing::warn;
use wask_model::{NamespaceName, Timestamp};

use super::SqliteStore;
use super::connection::sql_number;
use super::operation::Steps;
use super::rows;
use crate::{RetentionClass, RetentionStore, StoreError};

/// Free pages, of 4 KiB, that stay in the file for the next records; more is given back to the disk.
const SPARE_PAGES: u64 = 1024;
/// Pages given back in one transaction at most, so that other writes do not wait long.
const PAGES_AT_ONCE: u64 = 1024;

/// The rows that count as one [`RetentionClass`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Record,
    DeadLetter,
    Callback,
}

impl Kind {
    fn of(kept: RetentionClass) -> Kind {
        match kept {
            RetentionClass::Records => Kind::Record,
            RetentionClass::DeadLetters => Kind::DeadLetter,
            RetentionClass::Callbacks => Kind::Callback,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Kind::Record => "record",
            Kind::DeadLetter => "dead letter",
            Kind::Callback => "callback",
        }
    }

    fn table(self) -> &'static str {
        match self {
            Kind::Record => "activation",
            Kind::DeadLetter => "job",
            Kind::Callback => "callback",
        }
    }

    /// True of the rows that may go.
    fn term(self) -> &'static str {
        match self {
            Kind::Record => "TRUE",
            Kind::DeadLetter => "state = 'dead'",
            Kind::Callback => "ended IS NOT NULL",
        }
    }

    /// Along which index the oldest are found; what ended before a time also stood before it there.
    fn age(self) -> &'static str {
        match self {
            Kind::Record => "start",
            Kind::DeadLetter => "died",
            Kind::Callback => "updated",
        }
    }

    fn ended(self) -> &'static str {
        match self {
            Kind::Record => "coalesce(ended, start)",
            Kind::DeadLetter => "died",
            Kind::Callback => "updated",
        }
    }

    /// What a row counts for.
    pub fn bytes(self) -> &'static str {
        match self {
            Kind::Record => {
                "octet_length(head) + octet_length(response) + coalesce(octet_length(logs), 0) + coalesce(octet_length(input), 0)"
            }
            Kind::DeadLetter => "octet_length(payload)",
            Kind::Callback => "octet_length(doc) + coalesce(octet_length(notice), 0)",
        }
    }
}

#[async_trait]
impl RetentionStore for SqliteStore {
    async fn forget_before(&self, kept: RetentionClass, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let kind = Kind::of(kept);
        let forgotten = self.writer.write(Steps::Several, move |db| forget_before(db, kind, before, limit)).await?;
        self.give_back_free_pages().await;
        Ok(forgotten)
    }

    async fn forget_beyond(&self, kept: RetentionClass, bytes: u64, limit: u32) -> Result<u64, StoreError> {
        let kind = Kind::of(kept);
        let forgotten = self.writer.write(Steps::Several, move |db| forget_beyond(db, kind, bytes, limit)).await?;
        if 0 < forgotten {
            self.give_back_free_pages().await;
        }
        Ok(forgotten)
    }

    async fn kept_bytes(&self, kept: RetentionClass, namespace: &NamespaceName) -> Result<u64, StoreError> {
        let (kind, namespace) = (Kind::of(kept), namespace.clone());
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached("SELECT bytes FROM kept WHERE kind = ?1 AND namespace = ?2")?;
            Ok(select.query_row(params![kind.as_str(), namespace.as_str()], rows::count).optional()?.unwrap_or(0))
        };
        self.readers.read(read).await
    }
}

impl SqliteStore {
    /// Apart from what was forgotten, which stays so when this fails. The next call goes on where it stops.
    async fn give_back_free_pages(&self) {
        if let Err(cause) = self.writer.write(Steps::One, give_back_free_pages).await {
            warn!(%cause, "free pages stay in the file");
        }
    }
}

/// Counts `bytes` more, or fewer.
pub(super) fn add(db: &Connection, kind: Kind, namespace: &str, bytes: i64) -> Result<(), StoreError> {
    let mut add = db.prepare_cached(
        "INSERT INTO kept (kind, namespace, bytes) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes",
    )?;
    add.execute(params![kind.as_str(), namespace, bytes])?;
    Ok(())
}

/// Goes from namespace to namespace, oldest first in each, so that the index of the lists finds them.
fn forget_before(db: &Connection, kind: Kind, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let (table, term, age, ended, bytes) = (kind.table(), kind.term(), kind.age(), kind.ended(), kind.bytes());
    let mut next_namespace = db.prepare_cached("SELECT min(namespace) FROM kept WHERE kind = ?1 AND namespace > ?2")?;
    let mut delete = db.prepare_cached(&format!(
        "DELETE FROM {table} WHERE namespace = ?1 AND id IN (
             SELECT id FROM {table} WHERE namespace = ?1 AND {term} AND {age} < ?2 AND {ended} < ?2
             ORDER BY {age} LIMIT ?3)
         RETURNING {bytes}"
    ))?;
    let (mut namespace, mut forgotten) = (String::new(), 0);
    while forgotten < u64::from(limit) {
        let next =
            next_namespace.query_row(params![kind.as_str(), namespace], |row| row.get::<_, Option<String>>(0))?;
        let Some(found) = next else { break };
        namespace = found;
        let left = sql_number(u64::from(limit) - forgotten);
        let sizes = delete.query_map(params![namespace, before.millis(), left], |row| row.get::<_, i64>(0))?;
        let sizes = sizes.collect::<Result<Vec<i64>, _>>()?;
        if !sizes.is_empty() {
            add(db, kind, &namespace, -sizes.iter().sum::<i64>())?;
        }
        forgotten += sizes.len() as u64;
    }
    Ok(forgotten)
}

fn forget_beyond(db: &Connection, kind: Kind, most: u64, limit: u32) -> Result<u64, StoreError> {
    let (table, term, age, bytes) = (kind.table(), kind.term(), kind.age(), kind.bytes());
    let mut over = db.prepare_cached("SELECT namespace, bytes FROM kept WHERE kind = ?1 AND ?2 < bytes")?;
    let over = over.query_map(params![kind.as_str(), sql_number(most)], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let over: BTreeMap<String, i64> = over.collect::<Result<_, _>>()?;
    let mut oldest = db.prepare_cached(&format!(
        "SELECT id, {bytes} FROM {table} WHERE namespace = ?1 AND {term} ORDER BY {age} LIMIT ?2"
    ))?;
    let mut delete = db.prepare_cached(&format!("DELETE FROM {table} WHERE namespace = ?1 AND id = ?2"))?;
    let mut forgotten = 0;
    for (namespace, mut kept) in over {
        let left = sql_number(u64::from(limit) - forgotten);
        let found = oldest.query_map(params![namespace, left], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (found, before) = (found.collect::<Result<Vec<(Vec<u8>, i64)>, _>>()?, kept);
        for (id, size) in found {
            if kept <= sql_number(most) {
                break;
            }
            delete.execute(params![namespace, id])?;
            (kept, forgotten) = (kept - size, forgotten + 1);
        }
        add(db, kind, &namespace, kept - before)?;
        if u64::from(limit) <= forgotten {
            break;
        }
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
