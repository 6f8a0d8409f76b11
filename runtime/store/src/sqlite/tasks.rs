//! The list of tasks: [`TaskStore`]. It is a union of records, of jobs that have no record yet, and of callbacks.

use async_trait::async_trait;
use rusqlite::{Connection, Row, named_params};
use wask_model::{ActivationId, Timestamp};

use super::SqliteStore;
use super::values::{self, sql_number};
use crate::{StoreError, Task, TaskKind, TaskQuery, TaskStore};

/// One source of tasks: how they are searched, in indexes alone, and what is read of those on the page.
struct TaskSource {
    name: &'static str,
    /// Each selects id and start from an index of its own, newest first, and ends with its conditions.
    searched: Vec<String>,
    read: &'static str,
}

const RECORDS: &str = "\
    SELECT CASE kind WHEN 'trigger' THEN 'TRIG' ELSE 'ACTN' END AS type, id, namespace || '/' || name AS name,
           'ended' AS state, start, coalesce(ended, start) AS ended, cause AS parent
    FROM activation WHERE namespace = :namespace";

/// A namespace is the share of its own activations.
const JOBS: &str = "\
    SELECT 'ACTN' AS type, id, name,
           CASE WHEN state = 'leased' THEN 'running'
                WHEN attempt > 0 AND failed_attempts > 0 THEN 'retrying'
                ELSE 'queued' END AS state,
           due AS start, NULL AS ended, cause AS parent
    FROM job WHERE TRUE";

const CALLBACKS: &str = "\
    SELECT 'CBCK' AS type, callback.id AS id, callback.name AS name,
           coalesce(callback.ended, CASE job.state WHEN 'leased' THEN 'in_flight' WHEN 'due' THEN 'pending'
                ELSE 'waiting' END) AS state,
           created AS start, CASE WHEN callback.ended IS NULL THEN NULL ELSE updated END AS ended, activation AS parent
    FROM callback LEFT JOIN job ON job.id = callback.id WHERE TRUE";

#[async_trait]
impl TaskStore for SqliteStore {
    async fn tasks(&self, query: &TaskQuery) -> Result<Vec<Task>, StoreError> {
        let (namespace, query) = (query.namespace.clone(), query.clone());
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached(&page_of(&sources(query.kind)))?;
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
        self.readers.read_for(&namespace, read).await
    }

    async fn count_tasks(&self, query: &TaskQuery) -> Result<u64, StoreError> {
        let (namespace, query) = (query.namespace.clone(), query.clone());
        let read = move |db: &Connection| {
            let all: Vec<String> = sources(query.kind).into_iter().flat_map(|source| source.searched).collect();
            let mut count = db.prepare_cached(&format!("SELECT count(*) FROM ({})", all.join(" UNION ALL ")))?;
            let counted = count.query_row(
                named_params! {
                    ":namespace": query.namespace.as_str(),
                    ":since": query.since.map_or(i64::MIN, Timestamp::millis),
                    ":upto": query.upto.map_or(i64::MAX, Timestamp::millis),
                },
                values::count,
            );
            Ok(counted?)
        };
        self.readers.read_for(&namespace, read).await
    }
}

/// The query for one page: finds the ids of the page in the indexes, and then reads those rows alone.
fn page_of(sources: &[TaskSource]) -> String {
    // From each index, read no more than the page can need.
    let newest = |name: &str, from: &String| {
        format!(
            "SELECT * FROM (SELECT '{name}' AS source, * FROM ({from}) ORDER BY start DESC, id DESC
                            LIMIT :skip + :limit)"
        )
    };
    let searched: Vec<String> =
        sources.iter().flat_map(|source| source.searched.iter().map(move |from| newest(source.name, from))).collect();
    let of_page = |TaskSource { name, read, .. }: &TaskSource| {
        let id = if *name == "callback" { "callback.id" } else { "id" };
        format!("{read} AND {id} IN (SELECT id FROM page WHERE source = '{name}')")
    };
    let read: Vec<String> = sources.iter().map(of_page).collect();
    format!(
        "WITH page AS MATERIALIZED (
             SELECT source, id FROM ({}) ORDER BY start DESC, id DESC LIMIT :limit OFFSET :skip)
         SELECT * FROM ({}) ORDER BY start DESC, id DESC",
        searched.join(" UNION ALL "),
        read.join(" UNION ALL ")
    )
}

fn sources(kind: Option<TaskKind>) -> Vec<TaskSource> {
    match kind {
        None => vec![records(""), jobs(), callbacks("")],
        Some(TaskKind::Action) => vec![records("AND kind <> 'trigger'"), jobs()],
        Some(TaskKind::Trigger) => vec![records("AND kind = 'trigger'")],
        Some(TaskKind::Callback) => vec![callbacks("")],
        // There are no deliveries of events until there is an event journal.
        Some(TaskKind::Event) => vec![callbacks("AND FALSE")],
    }
}

fn records(term: &str) -> TaskSource {
    let searched = format!(
        "SELECT id, start FROM activation
         WHERE namespace = :namespace AND start >= :since AND start <= :upto {term}"
    );
    TaskSource { name: "record", searched: vec![searched], read: RECORDS }
}

/// One search for each state, because each has an index of its own.
fn jobs() -> TaskSource {
    let searched = |state: &str| {
        format!(
            "SELECT id, due AS start FROM job
             WHERE state = '{state}' AND lane = 'invoke' AND share = :namespace AND namespace = :namespace
                 AND due >= :since AND due <= :upto"
        )
    };
    TaskSource { name: "job", searched: ["due", "leased"].map(searched).to_vec(), read: JOBS }
}

fn callbacks(term: &str) -> TaskSource {
    let searched = format!(
        "SELECT id, created AS start FROM callback
         WHERE namespace = :namespace AND created >= :since AND created <= :upto {term}"
    );
    TaskSource { name: "callback", searched: vec![searched], read: CALLBACKS }
}

/// Columns: type, id, name, state, start, ended, parent.
fn task(row: &Row<'_>) -> Result<Task, StoreError> {
    let kind: String = row.get(0)?;
    Ok(Task {
        kind: TaskKind::read(&kind).ok_or_else(|| anyhow::anyhow!("there is no task of the type {kind}"))?,
        id: values::id(row, 1)?,
        name: row.get(2)?,
        state: row.get(3)?,
        start: values::time(row, 4)?,
        end: values::optional_time(row, 5)?,
        parent: row.get::<_, Option<[u8; 16]>>(6)?.map(ActivationId::from_bytes),
    })
}
