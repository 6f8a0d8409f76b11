//! Another process locks the database: writers are refused until it releases the lock.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::json;
use tokio::task::JoinSet;
use wask_tests::{ServerProcess, annotation, guest};

use super::{UNLIMITED, assert_kept, assert_unavailable, try_invoke};

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_gives_503_and_loses_nothing() {
    let settings = [&UNLIMITED[..], &[("WASK_STORE__SQLITE__BUSY_TIMEOUT_MS", "100")]].concat();
    let wask = ServerProcess::serve(&settings).await;
    let me = wask.guest().await;
    me.create_action("echo", &guest("echo")).await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let mut promised = Vec::new();
    for n in 0..10 {
        promised.push(try_invoke(&me, &json!({ "n": n })).await.unwrap());
    }
    me.ended(&promised[9]).await;
    let runs = me.invoke_async("sleeper", &json!({ "ms": 500 })).await;

    let holder = Connection::open(wask.data_dir().join("wask.sqlite")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let held = Instant::now();
    let mut refused = 0;
    while held.elapsed() < Duration::from_secs(3) {
        let answer = try_invoke(&me, &json!({ "n": "held" })).await.expect_err("nothing can be promised now");
        assert_unavailable(
            &answer,
            "The server is currently unavailable (because it is overloaded or down for maintenance).",
        );
        me.get(&format!("activations/{}", promised[9])).await.expect(200); // what is there can be read
        refused += 1;
    }
    holder.execute_batch("ROLLBACK").unwrap();

    assert!(5 < refused, "{refused}");
    promised.push(try_invoke(&me, &json!({ "n": "free" })).await.expect("the database is free"));
    assert_kept(&me, &promised).await;
    let record = me.ended(&runs).await;
    assert_eq!(record["response"]["result"], json!({ "slept": 500 }));
    assert_eq!(annotation(&record, "attempts"), None, "its end had to wait, it was not run again");
    assert_eq!(me.activations_of("sleeper").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_records_wait_for_the_disk_only_the_callers_of_their_namespace_wait() {
    let settings = [&UNLIMITED[..], &[("WASK_ACTIVATIONS__BACKLOG", "16")]].concat();
    let wask = ServerProcess::serve(&settings).await;
    let (fast, other) = (wask.guest().await, wask.create_namespace("other"));
    for client in [&fast, &other] {
        client.create_action("echo", &guest("echo")).await;
        client.invoke("echo", &json!({})).await.expect(200);
        client.activations_of_at_least("echo", 1).await; // it is on disk
    }
    let holder = Connection::open(wask.data_dir().join("wask.sqlite")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();

    let mut callers = JoinSet::new();
    for _ in 0..20 {
        let fast = fast.clone();
        callers.spawn(async move { fast.invoke("echo", &json!({})).await });
    }
    for _ in 0..8 {
        callers.join_next().await.expect("half of the backlog is for one").unwrap().expect(200);
    }
    for _ in 0..4 {
        other.invoke("echo", &json!({})).await.expect(200);
    }
    assert!(callers.try_join_next().is_none(), "more than half of the backlog was for one");
    holder.execute_batch("ROLLBACK").unwrap();

    for answer in callers.join_all().await {
        answer.expect(200);
    }
    fast.activations_of_at_least("echo", 21).await;
    other.activations_of_at_least("echo", 5).await;
}
