//! Dead letters, which are jobs in the state `dead`: [`DeadLetterStore`].

use async_trait::async_trait;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params};
use wask_model::{ActivationId, NamespaceName};

use super::SqliteStore;
use super::operation::Steps;
use super::pages::{self, Weight};
use super::stored_bytes;
use super::values::{self, sql_number};
use crate::{DeadLetter, DeadLetterQuery, DeadLetterStore, Lane, ListPage, RetentionClass, StoreError};

const COLUMNS: &str = "id, lane, namespace, name, attempt, died, reason, payload";

#[async_trait]
impl DeadLetterStore for SqliteStore {
    async fn dead_letters(&self, query: &DeadLetterQuery) -> Result<ListPage<DeadLetter>, StoreError> {
        let (search, bytes) = (DeadLetterSearch::new(query), query.bytes);
        let read = move |db: &Connection| pages::page(search.ids(db)?, bytes, |id| listed(db, id));
        self.readers.read_for(&query.namespace, read).await
    }

    async fn count_dead_letters(&self, query: &DeadLetterQuery) -> Result<u64, StoreError> {
        let all = DeadLetterQuery { skip: 0, limit: u64::MAX, ..query.clone() };
        let search = DeadLetterSearch::new(&all);
        let read = move |db: &Connection| {
            let mut count = db.prepare_cached(&format!("SELECT count(*) FROM ({})", search.page()))?;
            Ok(count.query_row(&search.arguments()[..], values::count)?)
        };
        self.readers.read_for(&query.namespace, read).await
    }

    async fn dead_letter(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Option<DeadLetter>, StoreError> {
        let owner = namespace.clone();
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM job WHERE id = ?1 AND namespace = ?2 AND state = 'dead'"
            ))?;
            let found = select.query_row(params![id.to_bytes(), owner.as_str()], |row| Ok(dead_letter(row)));
            found.optional()?.transpose()
        };
        self.readers.read_for(namespace, read).await
    }

    async fn purge_dead_letter(&self, namespace: &NamespaceName, id: ActivationId) -> Result<bool, StoreError> {
        let namespace = namespace.clone();
        self.writer.write(Steps::Several, move |db| remove(db, &namespace, id)).await
    }

    async fn purge_dead_letters(&self, query: &DeadLetterQuery) -> Result<u64, StoreError> {
        let (search, namespace) = (DeadLetterSearch::new(query), query.namespace.clone());
        let purge = move |db: &Connection| {
            let mut removed = 0;
            for id in search.ids(db)? {
                removed += u64::from(remove(db, &namespace, ActivationId::from_bytes(id))?);
            }
            Ok(removed)
        };
        self.writer.write(Steps::Several, purge).await
    }
}

/// A dead letter as lists show it, and its bytes.
fn listed(db: &Connection, id: [u8; 16]) -> Result<Option<(DeadLetter, Weight)>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT id, lane, namespace, name, attempt, died, reason,
                json_replace(payload, '$.args', NULL, '$.progress', NULL), octet_length(payload)
         FROM job WHERE id = ?1 AND state = 'dead'",
    )?;
    let found = select.query_row([id], |row| {
        let read = row.get::<_, i64>(8)?.unsigned_abs();
        Ok(dead_letter(row).map(|letter| {
            let shown = (letter.payload.len() + letter.reason.len()) as u64;
            (letter, Weight { shown, read })
        }))
    });
    found.optional()?.transpose()
}

pub(super) fn remove(db: &Connection, namespace: &NamespaceName, id: ActivationId) -> Result<bool, StoreError> {
    let mut delete = db.prepare_cached(
        "DELETE FROM job WHERE id = ?1 AND namespace = ?2 AND state = 'dead' RETURNING octet_length(payload)",
    )?;
    let removed =
        delete.query_row(params![id.to_bytes(), namespace.as_str()], |row| row.get::<_, i64>(0)).optional()?;
    if let Some(bytes) = removed {
        stored_bytes::add(db, RetentionClass::DeadLetters, namespace.as_str(), -bytes)?;
    }
    Ok(removed.is_some())
}

/// Columns: [`COLUMNS`].
fn dead_letter(row: &Row<'_>) -> Result<DeadLetter, StoreError> {
    let lane: String = row.get(1)?;
    let lane = Lane::from_name(&lane).ok_or_else(|| anyhow::anyhow!("a dead letter is in the unknown lane {lane}"))?;
    Ok(DeadLetter {
        id: values::id(row, 0)?,
        lane,
        namespace: values::namespace(row, 2)?,
        name: row.get(3)?,
        attempts: row.get(4)?,
        died: values::time(row, 5)?,
        reason: row.get::<_, Option<String>>(6)?.unwrap_or_default(),
        payload: row.get(7)?,
    })
}

/// A [`DeadLetterQuery`] in SQLite's terms; it follows the index `job_dead`.
struct DeadLetterSearch {
    terms: String,
    arguments: Vec<(&'static str, Value)>,
}

impl DeadLetterSearch {
    fn new(query: &DeadLetterQuery) -> Self {
        let mut terms = "state = 'dead' AND namespace = :namespace AND died >= :since AND died <= :upto".to_owned();
        let mut arguments: Vec<(&'static str, Value)> = vec![
            (":namespace", query.namespace.as_str().to_owned().into()),
            (":since", query.since.map_or(i64::MIN, wask_model::Timestamp::millis).into()),
            (":upto", query.upto.map_or(i64::MAX, wask_model::Timestamp::millis).into()),
            (":limit", sql_number(query.limit).into()),
            (":skip", sql_number(query.skip).into()),
        ];
        if let Some(name) = &query.name {
            terms.push_str(" AND name = :name");
            arguments.push((":name", name.clone().into()));
        }
        DeadLetterSearch { terms, arguments }
    }

    fn page(&self) -> String {
        let terms = &self.terms;
        format!("SELECT id FROM job WHERE {terms} ORDER BY died DESC, id DESC LIMIT :limit OFFSET :skip")
    }

    /// The ids of the page, in order.
    fn ids(&self, db: &Connection) -> Result<Vec<[u8; 16]>, StoreError> {
        let mut select = db.prepare_cached(&self.page())?;
        let ids = select.query_map(&self.arguments()[..], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    fn arguments(&self) -> Vec<(&'static str, &dyn ToSql)> {
        self.arguments.iter().map(|(name, value)| (*name, value as &dyn ToSql)).collect()
    }
}
