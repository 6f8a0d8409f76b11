//! Stories of what the SQLite store counts while it writes, and of how much it writes.

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;
use wask_model::{Alarm, Timestamp};
use wask_store::sqlite::SqliteConfig;

use crate::conformance::callbacks::callback;
use crate::conformance::samples::*;
use crate::*;

#[tokio::test]
async fn backlogs_are_counted_alike_however_many_jobs_are_due() {
    let (store, _dir) = fresh().await;
    let of = |share: &str, due| NewJob { share: share.to_owned(), due, ..random_job() };
    let mut jobs: Vec<NewJob> = (0..1_022).map(|n| of("a", at(n))).collect();
    jobs.extend([of("b", at(3)), of("later", at(9_999))]);
    store.enqueue(None, jobs).await.unwrap();
    let few = store.share_backlogs(Lane::Invoke, at(2_000), 64).await.unwrap();
    let shares: Vec<(&str, u32, Timestamp)> = few.iter().map(|of| (of.share.as_str(), of.jobs, of.since)).collect();
    assert_eq!(shares, [("a", 64, T0), ("b", 1, at(3))]);

    store.enqueue(None, vec![of("b", at(7)), of("c", at(1_999))]).await.unwrap();
    let many = store.share_backlogs(Lane::Invoke, at(2_000), 64).await.unwrap();
    let shares: Vec<(&str, u32, Timestamp)> = many.iter().map(|of| (of.share.as_str(), of.jobs, of.since)).collect();
    assert_eq!(shares, [("a", 64, T0), ("b", 2, at(3)), ("c", 1, at(1_999))]);
}

/// What the rows say, in the form of the table of counts.
const COUNTED_ANEW: &str = "\
    SELECT 'callback' AS kind, sum(octet_length(doc) + coalesce(octet_length(notice), 0)) AS bytes
    FROM callback WHERE ended IS NOT NULL UNION ALL
    SELECT 'dead letter', sum(octet_length(payload)) FROM job WHERE state = 'dead' UNION ALL
    SELECT 'record', sum(octet_length(head) + octet_length(response)) FROM activation UNION ALL
    SELECT 'undelivered', sum(bytes) FROM (
        SELECT octet_length(doc) + coalesce(octet_length(notice), 0) AS bytes FROM callback WHERE ended IS NULL
        UNION ALL SELECT octet_length(payload) FROM job WHERE state <> 'dead' AND lane = 'callback') UNION ALL
    SELECT 'waiting', sum(octet_length(payload)) FROM job WHERE state <> 'dead' AND lane <> 'callback'";

/// Kinds and bytes: those of the table of counts, and those of the rows.
fn counts(dir: &TempDir) -> [Vec<(String, i64)>; 2] {
    let db = Connection::open(dir.path().join("wask.db")).unwrap();
    let kept = "SELECT kind, bytes FROM kept";
    [kept, COUNTED_ANEW].map(|counted| {
        let sql = format!("SELECT kind, bytes FROM ({counted}) WHERE bytes <> 0 ORDER BY kind");
        let mut select = db.prepare(&sql).unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    })
}

#[tokio::test]
async fn the_counts_agree_with_the_rows_whatever_became_of_them_after_a_kill_and_after_retention() {
    let (store, dir) = fresh().await;
    let held = leased(&store, 1, "a").await;
    assert!(store.advance_job(&held.lease, vec![], "x".repeat(100)).await.unwrap());
    let next = NextAttempt { payload: "x".repeat(70), failed_attempts: 1, due: at(5) };
    assert!(store.retry_job(&held.lease, vec![record(1, T0)], next).await.unwrap());
    let dying = leased(&store, 2, "a").await;
    assert!(store.bury(&dying.lease, vec![record(2, T0)], vec![job(3, at(7))], "why").await.unwrap());
    let ended = leased(&store, 4, "a").await;
    assert!(store.finish(&ended.lease, vec![record(4, T0)], vec![job(5, at(8)), job(6, at(9))]).await.unwrap());
    let cancel = CancelRequest { namespace: guest(), job: id(6), attempt: 0, at: T0, records: vec![], next: vec![] };
    assert_eq!(store.cancel_job(cancel).await.unwrap(), CancelOutcome::Ended);
    for n in [20, 22, 24] {
        store.enqueue(None, vec![NewJob { callback: Some(callback(n)), ..job(n - 1, at(9)) }]).await.unwrap();
    }
    store.enqueue(None, vec![NewJob { lane: Lane::Callback, ..job(22, at(9)) }]).await.unwrap();
    store.cancel_callback(&guest(), callback(24).id, at(9)).await.unwrap();

    let left = left_by_a_kill(&dir);
    let store = open(&left, &SqliteConfig::default());
    let [kept, anew] = counts(&left);
    assert_eq!(kept, anew);
    let kinds: Vec<&str> = kept.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["callback", "dead letter", "record", "undelivered", "waiting"]);

    for class in [RetentionClass::Callbacks, RetentionClass::DeadLetters, RetentionClass::Records] {
        store.forget_before(class, at(1000), 1).await.unwrap();
        store.forget_beyond(class, 0, 1).await.unwrap();
    }
    let [kept, anew] = counts(&left);
    assert_eq!(kept, anew);
    let kinds: Vec<&str> = kept.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["record", "undelivered", "waiting"], "one of three records is left");
}

#[tokio::test]
async fn a_tick_does_not_write_the_payload_of_its_alarm_anew() {
    let (store, dir) = fresh().await;
    let payload = json!({ "much": "x".repeat(50_000) });
    let mut alarm = Alarm { payload: payload.clone(), ..alarm("/guest/dawn", Some(T0)) };
    store.put_alarm(alarm.clone()).await.unwrap();
    let log = dir.path().join("wask.db-wal");
    let before = std::fs::metadata(&log).unwrap().len();
    for n in 1..=100 {
        let tick = store.due_alarms(at(1000), 1).await.unwrap().remove(0);
        // Of another length each time: SQLite leaves pages of a row alone that stay as they were.
        let going = vec![id(1); n as usize % 5];
        let becomes = Alarm { next_fire: Some(at(n)), last_fire: Some(tick.due), going, ..tick.alarm.clone() };
        let advance = AlarmAdvance { tick, becomes: becomes.clone(), fire: None, past: vec![past_tick(n)] };
        assert_eq!(store.advance(vec![advance], 10).await.unwrap(), [true]);
        alarm = becomes;
    }
    let written = std::fs::metadata(&log).unwrap().len() - before;
    assert!(0 < written && written < 100 * 50_000 / 2, "{written} bytes");
    assert_eq!(store.alarm(&full("/guest/dawn")).await.unwrap(), Some(alarm.clone()));

    let becomes = Alarm { payload: json!({}), ..alarm.clone() };
    assert!(store.replace_alarm(&alarm, becomes.clone()).await.unwrap());
    assert_eq!(store.alarm(&full("/guest/dawn")).await.unwrap(), Some(becomes));
    assert!(store.delete_alarm(&full("/guest/dawn")).await.unwrap());
    let db = Connection::open(dir.path().join("wask.db")).unwrap();
    let left: i64 = db.query_row("SELECT count(*) FROM alarm_payload", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0, "it goes with its alarm");
}
