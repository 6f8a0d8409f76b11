//! The SQLite store: the suite of every backend, and stories of SQLite alone.
#![allow(clippy::unwrap_used)] // all of it is test, its helpers too

#[macro_use]
mod conformance;
mod counted;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use conformance::samples::{T0, action, at, claim, full, guest, id, job, leased, next_due, numbers, record, shared};
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;
use wask_model::{Activation, ActivationId, Response};
use wask_store::sqlite::{SqliteConfig, SqliteStore};
use wask_store::{
    ActivationQuery, ActivationStore as _, AlarmAdvance, AlarmStore as _, CallbackStore as _, CancelOutcome,
    CancelRequest, Change, DataDirLock, EntityStore as _, JobReader as _, JobStore as _, Lane, LockError, NewJob,
    NextAttempt, RetentionClass, RetentionStore as _, StoreError,
};

async fn fresh() -> (SqliteStore, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (open(&dir, &SqliteConfig::default()), dir)
}

fn open(dir: &TempDir, config: &SqliteConfig) -> SqliteStore {
    SqliteStore::open(&dir.path().join("wask.db"), config).unwrap()
}

conformance_suite!(fresh);

/// The killed process's files, as they are.
fn left_by_a_kill(dir: &TempDir) -> TempDir {
    let left = tempfile::tempdir().unwrap();
    for file in ["wask.db", "wask.db-wal"] {
        std::fs::copy(dir.path().join(file), left.path().join(file)).unwrap();
    }
    left
}

fn random_job() -> NewJob {
    NewJob { id: ActivationId::new(T0), ..job(0, T0) }
}

fn large_record(n: u8) -> Activation {
    Activation { response: Response::success(json!({ "text": "x".repeat(100_000) })), ..record(n, at(n.into())) }
}

fn everything() -> ActivationQuery {
    ActivationQuery::new(guest(), 1000)
}

#[tokio::test]
async fn stored_data_is_there_after_a_restart() {
    let (store, dir) = fresh().await;
    let put = Change::Put { entity: action("/guest/a", "code"), based_on: None, code: Some("code".into()) };
    store.apply(vec![put], vec![]).await.unwrap();
    store.record(&shared(vec![record(1, T0)])).await.unwrap();
    let held = leased(&store, 2, "a").await;
    store.enqueue(None, vec![job(3, at(9))]).await.unwrap();
    drop(store);

    let store = open(&dir, &SqliteConfig::default());
    assert_eq!(store.entity(&full("/guest/a")).await.unwrap().unwrap().value, action("/guest/a", "code"));
    assert_eq!(store.activation(&guest(), id(1)).await.unwrap(), Some(record(1, T0)));
    assert_eq!(next_due(&store, Lane::Invoke).await, Some(at(9)));
    assert!(store.finish(&held.lease, vec![record(2, T0)], vec![]).await.unwrap());
    assert_eq!(store.integrity_check().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn an_answered_write_survives_a_kill() {
    let (store, dir) = fresh().await;
    let held = leased(&store, 1, "a").await;
    assert!(store.finish(&held.lease, vec![record(1, T0)], vec![job(2, at(1))]).await.unwrap());
    let left = left_by_a_kill(&dir);

    let store = open(&left, &SqliteConfig::default());
    assert_eq!(store.activation(&guest(), id(1)).await.unwrap(), Some(record(1, T0)));
    assert_eq!(numbers(&claim(&store, "b", at(1)).await), [2]);
    assert_eq!(store.integrity_check().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn closing_finishes_waiting_writes_and_refuses_later_ones() {
    let (store, dir) = fresh().await;
    let store = Arc::new(store);
    let waiting: Vec<_> = (0..200)
        .map(|_| {
            tokio::spawn({
                let store = store.clone();
                async move { store.enqueue(None, vec![random_job()]).await }
            })
        })
        .collect();
    tokio::task::yield_now().await;
    store.close().await;
    let mut written = 0;
    for enqueued in waiting {
        match enqueued.await.unwrap() {
            Ok(()) => written += 1,
            Err(StoreError::Unavailable(_)) => (),
            Err(other) => panic!("{other}"),
        }
    }
    assert!(matches!(store.enqueue(None, vec![job(1, T0)]).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.due_jobs(Lane::Invoke, 1).await, Err(StoreError::Unavailable(_))));
    assert!(!dir.path().join("wask.db-wal").exists());

    let store = open(&dir, &SqliteConfig::default());
    let counted = store.count_jobs(Lane::Invoke).await.unwrap();
    assert_eq!(counted.iter().map(|(_, jobs)| jobs).sum::<u64>(), written);
}

#[tokio::test]
async fn many_writers_share_few_commits() {
    let (store, _dir) = fresh().await;
    let store = Arc::new(store);
    let before = store.commits();
    let submit = async |store: Arc<SqliteStore>| {
        for _ in 0..10 {
            store.enqueue(None, vec![random_job()]).await.unwrap();
        }
    };
    let submitters: Vec<_> = (0..100).map(|_| tokio::spawn(submit(store.clone()))).collect();
    for submitter in submitters {
        submitter.await.unwrap();
    }
    let commits = store.commits() - before;
    assert_eq!(store.count_jobs(Lane::Invoke).await.unwrap(), [(guest(), 1000)]);
    assert!(commits < 250, "1000 jobs took {commits} commits");
}

#[tokio::test]
async fn a_write_that_fails_does_not_harm_the_others_in_its_batch() {
    let (store, dir) = fresh().await;
    store
        .apply(
            vec![Change::Put { entity: action("/guest/taken", "1"), based_on: None, code: Some("1".into()) }],
            vec![],
        )
        .await
        .unwrap();
    let create = |path: &str| Change::Put { entity: action(path, path), based_on: None, code: Some(path.into()) };
    // While another connection holds the database, these three writes wait. Then they share one commit.
    let holder = Connection::open(dir.path().join("wask.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let before = store.commits();
    let let_go = async {
        tokio::task::yield_now().await;
        holder.execute_batch("ROLLBACK").unwrap();
    };
    let (one, failed, three, ()) = tokio::join!(
        store.apply(vec![create("/guest/one")], vec![]),
        store.apply(vec![create("/guest/two"), create("/guest/taken")], vec![]),
        store.apply(vec![create("/guest/three")], vec![]),
        let_go,
    );
    assert_eq!((one.is_ok(), three.is_ok()), (true, true));
    assert!(matches!(failed, Err(StoreError::Conflict)));
    assert_eq!(store.commits() - before, 1);
    assert!(store.entity(&full("/guest/one")).await.unwrap().is_some());
    assert!(store.entity(&full("/guest/two")).await.unwrap().is_none());
    assert!(store.entity(&full("/guest/three")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_full_store_refuses_writes_serves_reads_and_recovers() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir, &SqliteConfig { max_bytes: 2 * 1024 * 1024, ..SqliteConfig::default() });
    let mut kept = 0;
    let full = loop {
        match store.record(&shared(vec![large_record(kept + 1)])).await {
            Ok(()) => kept += 1,
            Err(cause) => break cause,
        }
    };
    assert!(matches!(full, StoreError::Full), "{full}");
    assert!(kept > 5);
    assert!(matches!(store.record(&shared(vec![large_record(200)])).await, Err(StoreError::Full)));
    assert_eq!(store.count_activations(&everything()).await.unwrap(), u64::from(kept));
    assert_eq!(store.integrity_check().await.unwrap(), [""; 0]);

    assert_eq!(store.forget_before(RetentionClass::Records, at(1_000_000), 5).await.unwrap(), 5);
    store.record(&shared(vec![large_record(201)])).await.unwrap();
    assert_eq!(store.integrity_check().await.unwrap(), [""; 0]);
    drop(store);

    let larger = open(&dir, &SqliteConfig { max_bytes: 4 * 1024 * 1024, ..SqliteConfig::default() });
    for n in 202..=210 {
        larger.record(&shared(vec![large_record(n)])).await.unwrap();
    }
}

#[tokio::test]
async fn in_a_full_store_only_the_write_that_does_not_fit_fails() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir, &SqliteConfig { max_bytes: 1024 * 1024, ..SqliteConfig::default() });
    let mut kept = 0;
    while store.record(&shared(vec![large_record(kept + 1)])).await.is_ok() {
        kept += 1;
    }
    // Both wait for the same commit. The write that makes room must not fail with the one that does not fit.
    let holder = Connection::open(dir.path().join("wask.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let huge = Activation { response: Response::success(json!({ "text": "x".repeat(2_000_000) })), ..record(200, T0) };
    let huge = shared(vec![huge]);
    let let_go = async {
        tokio::task::yield_now().await;
        holder.execute_batch("ROLLBACK").unwrap();
    };
    let (failed, forgotten, ()) =
        tokio::join!(store.record(&huge), store.forget_before(RetentionClass::Records, at(1_000_000), 2), let_go);
    assert!(matches!(failed, Err(StoreError::Full)));
    assert_eq!(forgotten.unwrap(), 2);
    assert_eq!(store.count_activations(&everything()).await.unwrap(), u64::from(kept) - 2);
    assert_eq!(store.integrity_check().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn while_another_process_holds_the_database_only_writes_fail() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir, &SqliteConfig { busy_timeout_ms: 100, ..SqliteConfig::default() });
    store.enqueue(None, vec![job(1, T0)]).await.unwrap();
    let holder = Connection::open(dir.path().join("wask.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();

    let begun = Instant::now();
    let (one, two, three) = tokio::join!(
        store.enqueue(None, vec![job(2, T0)]),
        store.enqueue(None, vec![job(3, T0)]),
        store.enqueue(None, vec![job(4, T0)])
    );
    for refused in [one, two, three] {
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "they waited together: {:?}", begun.elapsed());
    assert_eq!(next_due(&store, Lane::Invoke).await, Some(T0));

    holder.execute_batch("ROLLBACK").unwrap();
    store.enqueue(None, vec![job(5, T0)]).await.unwrap();
    assert_eq!(numbers(&claim(&store, "a", T0).await), [1, 5]);
}

#[tokio::test]
async fn forgetting_returns_space_to_the_disk() {
    let (store, dir) = fresh().await;
    for n in 1..=200 {
        store.record(&shared(vec![large_record(n)])).await.unwrap();
    }
    for forgotten in [200, 0, 0, 0, 0] {
        assert_eq!(store.forget_before(RetentionClass::Records, at(1_000_000), 1000).await.unwrap(), forgotten);
    }
    store.close().await;
    let size = std::fs::metadata(dir.path().join("wask.db")).unwrap().len();
    assert!(size < 8 * 1024 * 1024, "20 MB were forgotten but {size} bytes are kept");
}

#[tokio::test]
async fn the_log_stays_short_while_somebody_always_reads() {
    const BOUND: u64 = 256 << 10;
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir, &SqliteConfig { wal_bytes: BOUND, ..SqliteConfig::default() });
    let path = dir.path().join("wask.db");
    let ended = Arc::new(AtomicBool::new(false));
    let read = |begins_after: u64| {
        let (db, ended) = (Connection::open(&path).unwrap(), ended.clone());
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(begins_after));
            while !ended.load(Ordering::Relaxed) {
                db.execute_batch("BEGIN; SELECT count(*) FROM activation").unwrap();
                std::thread::sleep(Duration::from_millis(20)); // each begins in the middle of the other
                db.execute_batch("COMMIT").unwrap();
            }
        })
    };
    let readers = [read(0), read(10)];
    let mut longest = 0;
    for n in 1..=200 {
        store.record(&shared(vec![large_record(n)])).await.unwrap();
        longest = longest.max(std::fs::metadata(dir.path().join("wask.db-wal")).unwrap().len());
    }
    ended.store(true, Ordering::Relaxed);
    readers.into_iter().for_each(|reader| reader.join().unwrap());
    assert!(longest < 4 * BOUND, "20 MB were written, and the log has {longest} bytes");
}

#[tokio::test]
async fn settings_out_of_range_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let config = SqliteConfig { readers: 0, ..SqliteConfig::default() };
    let refused = SqliteStore::open(&dir.path().join("wask.db"), &config).err().unwrap();
    assert_eq!(refused.to_string(), "the store failed: store.sqlite.readers is 0 but must be at least 1");
}

#[test]
fn a_data_folder_has_one_holder_and_a_second_learns_which() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("made/here");
    let held = DataDirLock::take(&dir).unwrap();
    let refused = DataDirLock::take(&dir).unwrap_err();
    assert!(matches!(refused, LockError::LockedBy { pid: Some(pid) } if pid == std::process::id()), "{refused}");
    drop(held);
    DataDirLock::take(&dir).unwrap();
}
