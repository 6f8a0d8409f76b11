//! Records: [`ActivationStore`].

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Deserialize;
use serde_json::value::RawValue;
use wask_model::{Activation, ActivationId, NamespaceName, Status};

use super::SqliteStore;
use super::activation_search::ActivationSearch;
use super::operation::Steps;
use super::pages::{self, Weight};
use super::records::{Head, RecordRow, insert_records};
use super::{records, values};
use crate::{ActivationQuery, ActivationStore, ListPage, RecordText, StoreError, Summary};

/// What a record has besides its result and its log, about.
const HEAD_BYTES: usize = 1000;

#[async_trait]
impl ActivationStore for SqliteStore {
    async fn record(&self, records: &[Arc<Activation>]) -> Result<(), StoreError> {
        let rows = RecordRow::all(records)?;
        let steps = if rows.len() > 1 { Steps::Several } else { Steps::One };
        self.writer.write(steps, move |db| insert_records(db, &rows)).await
    }

    async fn activation(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Option<Activation>, StoreError> {
        let (owner, namespace) = (namespace, namespace.clone());
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached(
                "SELECT id, start, ended, head, response, logs, input FROM activation WHERE namespace = ?1 AND id = ?2",
            )?;
            let found = select.query_row(params![namespace.as_str(), id.to_bytes()], |row| Ok(record(row, &namespace)));
            found.optional()?.transpose()
        };
        self.readers.read_for(owner, read).await
    }

    async fn activation_summaries(&self, query: &ActivationQuery) -> Result<Vec<Summary>, StoreError> {
        let (search, namespace) = (ActivationSearch::new(query), query.namespace.clone());
        let read = move |db: &Connection| {
            let mut page = search.page(db, "id, start, ended, head", |row| summary(row, &namespace))?;
            page.sort_unstable_by_key(|s| std::cmp::Reverse((s.start, s.id)));
            Ok(page)
        };
        self.readers.read_for(&query.namespace, read).await
    }

    async fn activation_text(
        &self,
        namespace: &NamespaceName,
        id: ActivationId,
    ) -> Result<Option<RecordText>, StoreError> {
        let owner = namespace.clone();
        let read = move |db: &Connection| Ok(text_of(db, &owner, id.to_bytes())?.map(|(record, _)| record));
        self.readers.read_for(namespace, read).await
    }

    async fn activation_records(&self, query: &ActivationQuery) -> Result<ListPage<RecordText>, StoreError> {
        let (search, namespace, bytes) = (ActivationSearch::new(query), query.namespace.clone(), query.bytes);
        let read = move |db: &Connection| pages::page(search.ids(db)?, bytes, |id| text_of(db, &namespace, id));
        self.readers.read_for(&query.namespace, read).await
    }

    async fn count_activations(&self, query: &ActivationQuery) -> Result<u64, StoreError> {
        let search = ActivationSearch::new(query);
        self.readers.read_for(&query.namespace, move |db| search.count(db)).await
    }
}

/// One record as text, and its bytes.
fn text_of(
    db: &Connection,
    namespace: &NamespaceName,
    id: [u8; 16],
) -> Result<Option<(RecordText, Weight)>, StoreError> {
    let mut select = db.prepare_cached(
        "SELECT id, start, ended, head, response, logs FROM activation WHERE namespace = ?1 AND id = ?2",
    )?;
    let found = select.query_row(params![namespace.as_str(), id], |row| Ok(text(row, namespace)));
    found.optional()?.transpose()
}

/// The columns `response` of a record.
#[derive(Deserialize)]
struct ResponseText {
    status: Status,
    result: Box<RawValue>,
    #[serde(default)]
    size: Option<u64>,
}

/// Columns: id, start, ended, head, response, logs.
fn text(row: &Row<'_>, namespace: &NamespaceName) -> Result<(RecordText, Weight), StoreError> {
    let head: Head<'static> = values::json(row, 3)?;
    let subject = head.subject.clone().into_owned();
    let response: ResponseText = values::json(row, 4)?;
    let logs: Option<Box<RawValue>> = values::json(row, 5)?;
    let record = RecordText {
        summary: summary_of(head, row, namespace)?,
        subject,
        status: response.status,
        size: response.size,
        result: response.result,
        logs,
    };
    let bytes = record.bytes() as usize + HEAD_BYTES;
    Ok((record, Weight::of(bytes)))
}

/// Columns: id, start, ended, head.
fn summary(row: &Row<'_>, namespace: &NamespaceName) -> Result<Summary, StoreError> {
    summary_of(values::json(row, 3)?, row, namespace)
}

/// Columns: id, start, ended.
fn summary_of(head: Head<'static>, row: &Row<'_>, namespace: &NamespaceName) -> Result<Summary, StoreError> {
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
