//! The list of tasks: a union of records, of jobs that have no record yet, and of callbacks.

use async_trait::async_trait;
use rusqlite::{Connection, Row, named_params};
use wask_model::{ActivationId, Timestamp};

use super::SqliteStore;
use super::connection::sql_number;
use super::rows;
use crate::{StoreError, Task, TaskKind, TaskQuery, TaskStore};

const RECORDS: &str = "\
    SELECT CASE kind WHEN 'trigger' THEN 'TRIG' ELSE 'ACTN' END AS type, id, namespace || '/' || name AS name,
           'ended' AS state, start, coalesce(ended, start) AS ended, cause AS parent
    FROM activation WHERE namespace = :namespace AND start >= :since AND start <= :upto";

/// The jobs of a namespace's activations are its share.
const JOBS: &str = "\
    SELECT 'ACTN' AS type, id, name,
           CASE WHEN state = 'leased' THEN 'running'
                WHEN attempt > 0 AND json_extract(payload, '$.failed[0].attempt') IS NOT NULL THEN 'retrying'
                ELSE 'queued' END AS state,
           due AS start, NULL AS ended, unhex(json_extract(payload, '$.cause')) AS parent
    FROM job WHERE lane = 'invoke' AND share = :namespace AND state IN ('due', 'leased')
        AND due >= :since AND due <= :upto";

const CALLBACKS: &str = "\
    SELECT 'CBCK' AS type, callback.id, callback.name,
           coalesce(callback.ended, CASE job.state WHEN 'leased' THEN 'in_flight' WHEN 'due' THEN 'pending'
                ELSE 'waiting' END) AS state,
           created AS start, CASE WHEN callback.ended IS NULL THEN NULL ELSE updated END AS ended, activation AS parent
    FROM callback LEFT JOIN job ON job.id = callback.id
    WHERE callback.namespace = :namespace AND created >= :since AND created <= :upto";

#[async_trait]
impl TaskStore for SqliteStore {
    async fn tasks(&self, query: &TaskQuery) -> Result<Vec<Task>, StoreError> {
        let query = query.clone();
        let read = move |db: &Connection| {
            // Of each part no more than the page can need.
            let newest = |part: String| {
                format!("SELECT * FROM (SELECT * FROM ({part}) ORDER BY start DESC, id DESC LIMIT :skip + :limit)")
            };
            let all = parts(query.kind).into_iter().map(newest).collect::<Vec<_>>().join(" UNION ALL ");
            let mut select = db.prepare_cached(&format!(
                "SELECT * FROM ({all}) ORDER BY start DESC, id DESC LIMIT :limit OFFSET :skip"
            ))?;
            let mut found = select.query(named_params! {
                ":namespace": query.namespace.as_str(),
                ":since": query.since.map_or(i64::MIN, Timestamp::millis),
                ":upto": query.upto.map_or(i64::MAX, Timestamp::millis),
                ":limit": sql_number(query.limit),
                ":skip": sql_number(query.skip),
            })?;
            let mut tasks = Vec::new();
            while let Some(row) = found.next()? {
                tasks.push(task(row)?);
            }
            Ok(tasks)
        };
        self.readers.read(read).await
    }

    async fn count_tasks(&self, query: &TaskQuery) -> Result<u64, StoreError> {
        let query = query.clone();
        let read = move |db: &Connection| {
            let all = parts(query.kind).join(" UNION ALL ");
            let mut count = db.prepare_cached(&format!("SELECT count(*) FROM ({all})"))?;
            let counted = count.query_row(
                named_params! {
                    ":namespace": query.namespace.as_str(),
                    ":since": query.since.map_or(i64::MIN, Timestamp::millis),
                    ":upto": query.upto.map_or(i64::MAX, Timestamp::millis),
                },
                rows::count,
            );
            Ok(counted?)
        };
        self.readers.read(read).await
    }
}

fn parts(kind: Option<TaskKind>) -> Vec<String> {
    let records = |term: &str| format!("{RECORDS} AND kind {term} 'trigger'");
    match kind {
        None => vec![RECORDS.to_owned(), JOBS.to_owned(), CALLBACKS.to_owned()],
        Some(TaskKind::Action) => vec![records("<>"), JOBS.to_owned()],
        Some(TaskKind::Trigger) => vec![records("=")],
        Some(TaskKind::Callback) => vec![CALLBACKS.to_owned()],
        // Deliveries of events come with the journal; until then there is none.
        Some(TaskKind::Event) => vec![format!("{CALLBACKS} AND FALSE")],
    }
}

/// Columns: type, id, name, state, start, ended, parent.
fn task(row: &Row<'_>) -> Result<Task, StoreError> {
    let kind: String = row.get(0)?;
    Ok(Task {
        kind: TaskKind::read(&kind).ok_or_else(|| anyhow::anyhow!("there is no task of the type {kind}"))?,
        id: rows::id(row, 1)?,
        name: row.get(2)?,
        state: row.get(3)?,
        start: rows::time(row, 4)?,
        end: rows::optional_time(row, 5)?,
        parent: row.get::<_, Option<[u8; 16]>>(6)?.map(ActivationId::from_bytes),
    })
}
