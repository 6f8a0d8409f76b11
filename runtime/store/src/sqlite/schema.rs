//! Brings the schema up to date, or checks that it is.

use std::cmp::Ordering;

use anyhow::{Context as _, anyhow};
use rusqlite::Connection;

use crate::StoreError;
use crate::failpoint::{Stage, reach};

mod steps {
    refinery::embed_migrations!("migrations/sqlite");
}

/// Brings the schema up to date. The steps and the note that they have run are one transaction, so a process that dies
/// on the way leaves the old schema, not half of the new one.
pub(super) fn migrate(db: &mut Connection) -> Result<(), StoreError> {
    db.commit_hook(Some(|| {
        reach(Stage::Migration);
        false // commit
    }))?;
    steps::migrations::runner().set_grouped(true).run(db).context("bring the schema up to date")?;
    db.commit_hook(None::<fn() -> bool>)?;
    Ok(())
}

#[cfg(test)]
/// Makes the schema of `version` in an empty database.
pub(super) fn migrate_to(db: &mut Connection, version: i32) -> Result<(), StoreError> {
    let steps = steps::migrations::runner().set_target(refinery::Target::Version(version));
    steps.run(db).with_context(|| format!("make a schema of version {version}"))?;
    Ok(())
}

/// Refuses a database with the schema of another version of wask, and leaves it as it is.
pub(super) fn check_schema(db: &Connection) -> Result<(), StoreError> {
    let newest = |versions: Option<i64>| versions.unwrap_or(0);
    let known = steps::migrations::runner().get_migrations().iter().map(|step| i64::from(step.version())).max();
    let found = db
        .query_row("SELECT max(version) FROM refinery_schema_history", [], |row| row.get(0))
        .context("this is not a wask database")?;
    let (known, found) = (newest(known), newest(found));
    match found.cmp(&known) {
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(anyhow!(
            "a newer wask has made this database: its schema is version {found}, and this wask knows versions up to {known}"
        )
        .into()),
        Ordering::Less => Err(anyhow!(
            "an older wask has made this database: its schema is version {found}, and this wask needs {known}; start `wask \
             serve` on it first, which brings it up to date"
        )
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::params;
    use serde_json::json;
    use wask_model::{ActivationId, Alarm, FullName, Timestamp};

    use super::*;
    use crate::sqlite::{SqliteConfig, SqliteStore};
    use crate::{AlarmQuery, AlarmStore as _, EntityStore as _, TaskQuery, TaskStore as _};

    #[test]
    fn records_from_before_the_filters_are_found_by_them() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate_to(&mut db, 1).unwrap();
        let cause = "0000016d0000000000000000000000ff";
        db.execute_batch(&format!(
            r#"INSERT INTO activation (namespace, id, start, name, head, response) VALUES
               ('guest', x'01', 1, 'a', '{{"status":2,"cause":"{cause}","annotations":[{{"key":"path","value":"guest/a"}},{{"key":"kind","value":"wasm:1"}}]}}', '{{}}'),
               ('guest', x'02', 2, 't', '{{"status":0,"annotations":[]}}', '{{}}')"#
        ))
        .unwrap();

        migrate(&mut db).unwrap();

        let mut select = db.prepare("SELECT status, kind, lower(hex(cause)) FROM activation ORDER BY start").unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        let rows: Vec<(u8, String, String)> = rows.collect::<Result<_, _>>().unwrap();
        assert_eq!(rows, [(2, "wasm:1".into(), cause.into()), (0, "trigger".into(), String::new())]);
    }

    #[test]
    fn jobs_from_before_the_shares_get_one_and_their_bytes_are_counted() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate_to(&mut db, 6).unwrap();
        let payload = r#"{"action":{"namespace":"guest","package":"p","name":"a"},"args":{}}"#;
        let fire = r#"{"trigger":{"namespace":"guest","name":"t"},"payload":{}}"#;
        db.execute_batch(&format!(
            "INSERT INTO job (id, lane, namespace, state, attempt, due, payload) VALUES
                 (x'01', 'invoke', 'guest', 'due', 0, 1, '{payload}'), (x'02', 'fire', 'guest', 'due', 0, 1, '{fire}'),
                 (x'03', 'invoke', 'guest', 'dead', 3, 1, '{payload}');
             INSERT INTO activation (namespace, id, start, name, head, response) VALUES ('guest', x'01', 1, 'a', '12', '345')"
        ))
        .unwrap();

        migrate(&mut db).unwrap();

        let mut select = db.prepare("SELECT share, name FROM job ORDER BY id").unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let rows: Vec<(String, String)> = rows.collect::<Result<_, _>>().unwrap();
        let row = |name: &str| ("guest".to_owned(), name.to_owned());
        assert_eq!(rows, [row("guest/p/a"), row("guest/t"), row("guest/p/a")]);
        let mut select = db.prepare("SELECT kind, bytes FROM kept WHERE namespace = 'guest' ORDER BY kind").unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let rows: Vec<(String, i64)> = rows.collect::<Result<_, _>>().unwrap();
        let waiting = payload.len() + fire.len();
        let counts = [("dead letter", payload.len()), ("record", 5), ("waiting", waiting)];
        assert_eq!(rows, counts.map(|(kind, bytes)| (kind.to_owned(), bytes as i64)));
    }

    /// Rows of the query, written out.
    fn rows(db: &Connection, sql: &str) -> Vec<(String, i64)> {
        let mut select = db.prepare(sql).unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn entities_from_before_their_quota_are_counted_with_their_code() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate_to(&mut db, 13).unwrap();
        db.execute_batch(
            "INSERT INTO code (digest, text) VALUES ('d', '12345');
             INSERT INTO entity (namespace, local, collection, shared, updated, revision, code, doc) VALUES
                 ('guest', 'a', 'actions', 0, 1, 1, 'd', '123'), ('guest', 'b', 'actions', 0, 1, 2, 'd', '1234'),
                 ('guest', 't', 'triggers', 0, 1, 3, NULL, '12'), ('other', 't', 'triggers', 0, 1, 4, NULL, '1')",
        )
        .unwrap();

        migrate(&mut db).unwrap();

        let kept = "SELECT namespace || ' ' || entities, bytes FROM entities_kept ORDER BY namespace";
        assert_eq!(rows(&db, kept), [("guest 3".to_owned(), 8 + 9 + 2), ("other 1".to_owned(), 1)]);
        db.execute_batch("DELETE FROM entity WHERE local = 'a' OR namespace = 'other'").unwrap();
        assert_eq!(rows(&db, kept), [("guest 2".to_owned(), 9 + 2)], "and are no longer counted when they go");
    }

    #[test]
    fn work_callbacks_and_audit_from_before_their_counts_are_counted() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate_to(&mut db, 14).unwrap();
        db.execute_batch(
            "INSERT INTO job (id, lane, namespace, state, attempt, due, payload) VALUES
                 (x'01', 'invoke', 'guest', 'due', 0, 1, '1'), (x'02', 'fire', 'guest', 'leased', 0, 1, '22'),
                 (x'03', 'invoke', 'guest', 'dead', 3, 1, '333'), (x'04', 'callback', 'guest', 'due', 0, 1, '4444'),
                 (x'05', 'invoke', 'other', 'due', 0, 1, '55555');
             INSERT INTO callback (id, namespace, activation, name, created, updated, ended, doc, notice) VALUES
                 (x'04', 'guest', x'01', 'a', 1, 1, NULL, '1234567', NULL),
                 (x'06', 'guest', x'01', 'a', 1, 1, 'failed', '12', '34');
             INSERT INTO audit (namespace, at, name, doc) VALUES ('guest', 1, 'a', '12'), ('guest', 2, 'a', '345')",
        )
        .unwrap();

        migrate(&mut db).unwrap();

        let kept = "SELECT kind || ' ' || namespace, bytes FROM kept ORDER BY kind, namespace";
        let (audit, undelivered) = (("audit guest".to_owned(), 5), ("undelivered guest".to_owned(), 7 + 4));
        let waiting = [("waiting guest".to_owned(), 3), ("waiting other".to_owned(), 5)];
        assert_eq!(rows(&db, kept), [&[audit, undelivered][..], &waiting].concat());
        db.execute_batch("DELETE FROM job; DELETE FROM callback").unwrap();
        let left = "SELECT 'all', sum(bytes) FROM kept WHERE kind <> 'audit'";
        assert_eq!(rows(&db, left), [("all".to_owned(), 0)]);
    }

    #[tokio::test]
    async fn alarms_from_before_their_payloads_stood_apart_keep_them_and_stay_due() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("wask.sqlite");
        let mut db = Connection::open(&path).unwrap();
        migrate_to(&mut db, 15).unwrap();
        let docs = [r#"{"n":1.50,"big":123456789012345678901234567890,"é":["\u0000",null]}"#, "{}"].map(|payload| {
            format!(
                r#"{{"trigger":{{"namespace":"guest","name":"t"}},"schedule":{{"feed":"alarm","cron":"0 6 * * *"}},
                "payload":{payload},"strict":"true","fires_allowed":7,"fires_left":3,"next_fire":5,"last_fire":null,
                "status":{{"active":true,"dateChanged":1}}}}"#
            )
        });
        for (local, doc) in ["t", "u"].iter().zip(&docs) {
            db.execute(
                "INSERT INTO alarm (namespace, local, next_fire, doc) VALUES ('guest', ?1, 5, ?2)",
                [*local, doc],
            )
            .unwrap();
        }
        let was = docs.map(|doc| serde_json::from_str::<Alarm>(&doc).unwrap());
        drop(db);

        let store = SqliteStore::open(&path, &SqliteConfig::default()).unwrap();

        assert_eq!(store.alarms(&AlarmQuery::all("guest".parse().unwrap())).await.unwrap().items, was);
        assert_eq!(store.due_alarms(Timestamp::from_millis(5), 10).await.unwrap().len(), 2);
        let db = Connection::open(&path).unwrap();
        let apart = rows(&db, "SELECT 'longest', max(octet_length(doc -> '$.payload')) IS NULL FROM alarm");
        assert_eq!(apart, [("longest".to_owned(), 1)], "the document has it no more");
    }

    #[tokio::test]
    async fn entities_from_before_their_parameters_had_a_column_are_read_as_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("wask.sqlite");
        let mut db = Connection::open(&path).unwrap();
        migrate_to(&mut db, 13).unwrap();
        let name = FullName::new("guest".parse().unwrap(), "t".parse().unwrap());
        let trigger = json!({
            "entity": "trigger", "name": name, "version": "0.0.1", "publish": false,
            "parameters": [{ "key": "a\"b", "value": { "n": 2.5, "t": "é\n" } }],
            "annotations": [{ "key": "x", "value": [1] }], "updated": 7, "rules": {},
        });
        let doc = trigger.to_string();
        db.execute(
            "INSERT INTO entity (namespace, local, collection, shared, updated, revision, doc)
             VALUES ('guest', 't', 'triggers', FALSE, 7, 1, ?1)",
            [&doc],
        )
        .unwrap();
        drop(db);

        let store = SqliteStore::open(&path, &SqliteConfig::default()).unwrap();
        let read = store.entity(&name).await.unwrap().unwrap().value;
        assert_eq!(read, serde_json::from_value(trigger).unwrap());
        let db = Connection::open(&path).unwrap();
        let kept = "SELECT entities, bytes FROM entities_kept WHERE namespace = 'guest'";
        let kept: (i64, i64) = db.query_row(kept, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(kept, (1, doc.len() as i64));
        let shown: String = db.query_row("SELECT doc FROM entity", [], |row| row.get(0)).unwrap();
        assert!(!shown.contains("parameters") && shown.contains("annotations"), "{shown}");
    }

    /// What version 11 answered of jobs when tasks were listed: it read their payloads.
    const JOBS_OF_VERSION_11: &str = "\
        SELECT id,
               CASE WHEN state = 'leased' THEN 'running'
                    WHEN attempt > 0 AND json_extract(payload, '$.failed[0].attempt') IS NOT NULL THEN 'retrying'
                    ELSE 'queued' END,
               unhex(json_extract(payload, '$.cause'))
        FROM job WHERE state <> 'dead' ORDER BY due DESC, id DESC";

    #[tokio::test]
    async fn jobs_from_before_the_columns_are_listed_as_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("wask.sqlite");
        let mut db = Connection::open(&path).unwrap();
        migrate_to(&mut db, 11).unwrap();
        let caused = r#"{"cause":"0000016d0000000000000000000000ff","failed":[]}"#;
        let failed = r#"{"cause":null,"failed":[{"attempt":1,"error":"it broke"},{"attempt":2,"error":"again"}]}"#;
        let both = r#"{"cause":"0000016d0000000000000000000000ff","failed":[{"attempt":1,"error":"it broke"}]}"#;
        for (n, state, attempt, payload) in [
            (1u8, "due", 0, "{}"),
            (2, "due", 0, caused),
            (3, "due", 2, failed),
            (4, "leased", 3, failed),
            (5, "leased", 1, both),
            (6, "due", 1, both),
            (7, "due", 1, r#"{"failed":[]}"#), // released, not retried
            (8, "dead", 3, failed),
        ] {
            let mut id = [0; 16];
            id[15] = n;
            db.execute(
                "INSERT INTO job (id, lane, namespace, share, name, state, attempt, due, payload, died)
                 VALUES (?1, 'invoke', 'guest', 'guest', 'guest/a', ?2, ?3, ?4, ?5, ?4)",
                params![id, state, attempt, n, payload],
            )
            .unwrap();
        }
        let mut select = db.prepare(JOBS_OF_VERSION_11).unwrap();
        let listed = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        let listed: Vec<([u8; 16], String, Option<[u8; 16]>)> = listed.collect::<Result<_, _>>().unwrap();
        let states: Vec<&str> = listed.iter().map(|(_, state, _)| state.as_str()).collect();
        assert_eq!(states, ["queued", "retrying", "running", "running", "retrying", "queued", "queued"]);
        assert_eq!(listed.iter().filter(|(_, _, parent)| parent.is_some()).count(), 3);
        drop(select);
        drop(db);

        let store = SqliteStore::open(&path, &SqliteConfig::default()).unwrap();
        let namespace = "guest".parse().unwrap();
        let query = TaskQuery { namespace, kind: None, since: None, upto: None, skip: 0, limit: 100 };
        let tasks = store.tasks(&query).await.unwrap();
        let tasks: Vec<_> =
            tasks.into_iter().map(|t| (t.id.to_bytes(), t.state, t.parent.map(ActivationId::to_bytes))).collect();
        assert_eq!(tasks, listed);
    }
}
