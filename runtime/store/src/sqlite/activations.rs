//! Records: [`ActivationStore`].

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use wask_model::{Activation, ActivationId, NamespaceName};

use super::SqliteStore;
use super::activation_search::ActivationSearch;
use super::operation::Steps;
use super::records::{Head, RecordRow, insert_records};
use super::{records, values};
use crate::{ActivationQuery, ActivationStore, StoreError, Summary};

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
                "SELECT id, start, ended, head, response, logs, input FROM activation WHERE namespace = ?1 AND id = ?2",
            )?;
            let found = select.query_row(params![namespace.as_str(), id.to_bytes()], |row| Ok(record(row, &namespace)));
            found.optional()?.transpose()
        };
        self.readers.read(read).await
    }

    async fn activation_summaries(&self, query: &ActivationQuery) -> Result<Vec<Summary>, StoreError> {
        let (search, namespace) = (ActivationSearch::new(query), query.namespace.clone());
        let read = move |db: &Connection| {
            let mut page = search.page(db, "id, start, ended, head", |row| summary(row, &namespace))?;
            page.sort_unstable_by_key(|s| std::cmp::Reverse((s.start, s.id)));
            Ok(page)
        };
        self.readers.read(read).await
    }

    async fn activation_records(&self, query: &ActivationQuery) -> Result<Vec<Activation>, StoreError> {
        let (search, namespace) = (ActivationSearch::new(query), query.namespace.clone());
        let read = move |db: &Connection| {
            let columns = "id, start, ended, head, response, logs, input";
            let mut page = search.page(db, columns, |row| record(row, &namespace))?;
            page.sort_unstable_by_key(|a| std::cmp::Reverse((a.start, a.id)));
            Ok(page)
        };
        self.readers.read(read).await
    }

    async fn count_activations(&self, query: &ActivationQuery) -> Result<u64, StoreError> {
        let search = ActivationSearch::new(query);
        self.readers.read(move |db| search.count(db)).await
    }
}

/// Columns: id, start, ended, head.
fn summary(row: &Row<'_>, namespace: &NamespaceName) -> Result<Summary, StoreError> {
    let head: Head<'static> = values::json(row, 3)?;
    Ok(Summary {
        id: values::id(row, 0)?,
        namespace: namespace.clone(),
        name: head.name.into_owned(),
        version: head.version,
        start: values::time(row, 1)?,
        end: values::optional_time(row, 2)?,
        duration_ms: head.duration_ms,
        cause: head.cause,
        status_code: head.status,
        annotations: head.annotations.into_owned(),
    })
}

/// Columns: id, start, ended, head, response, logs, input.
fn record(row: &Row<'_>, namespace: &NamespaceName) -> Result<Activation, StoreError> {
    let head: Head<'static> = values::json(row, 3)?;
    Ok(Activation {
        id: values::id(row, 0)?,
        namespace: namespace.clone(),
        name: head.name.into_owned(),
        version: head.version,
        subject: head.subject.into_owned(),
        start: values::time(row, 1)?,
        end: values::optional_time(row, 2)?,
        duration_ms: head.duration_ms,
        cause: head.cause,
        response: records::response(row, 4)?,
        logs: records::logs(row, 5)?,
        annotations: head.annotations.into_owned(),
        input: values::json(row, 6)?,
    })
}
