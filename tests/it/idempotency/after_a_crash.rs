//! A key is stored together with its work, so a retry after a crash finds it.

use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;
use wask_tests::{Client, ServerProcess, annotation, eventually, guest};

use super::{id_of, is_replayed, known, post, runs_of};

async fn on(data: Arc<TempDir>) -> (ServerProcess, Client) {
    let wask = ServerProcess::start("serve", &[], &[], data).await;
    let me = wask.guest().await;
    (wask, me)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_after_a_crash_gets_the_same_activation() {
    let (mut wask, me) = on(Arc::new(wask_tests::data_folder())).await;
    me.create_action("echo", &guest("echo")).await;
    me.create_trigger("t").await;
    me.create_rule("r", "t", "echo").await;
    let run = post(&me, "run", "actions/echo", &json!({ "n": 1 })).await.expect(202);
    let fire = post(&me, "fire", "triggers/t", &json!({ "n": 2 })).await.expect(202);

    let (_wask, me) = on(wask.kill().await).await;

    for (first, key, path, body) in
        [(run, "run", "actions/echo", json!({ "n": 1 })), (fire, "fire", "triggers/t", json!({ "n": 2 }))]
    {
        let again = post(&me, key, path, &body).await.expect(202);
        assert!(is_replayed(&again), "{path}");
        assert_eq!(id_of(&again), id_of(&first), "{path}");
    }
    eventually("both runs have ended", || async { (runs_of(&me, "echo").await == 2).then_some(()) }).await;
    assert_eq!(runs_of(&me, "t").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_caller_cut_off_by_a_crash_gets_the_record_with_a_retry() {
    let (mut wask, me) = on(Arc::new(wask_tests::data_folder())).await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let args = json!({ "ms": 1000 });
    let path = "actions/sleeper?blocking=true";
    let cut_off = tokio::spawn({
        let (me, args) = (me.clone(), args.clone());
        let request = me.request(reqwest::Method::POST, &format!("/api/v1/namespaces/_/{path}"));
        async move { request.header("Idempotency-Key", "k").json(&args).send().await.is_err() }
    });
    known(&me, "k").await;
    let id = id_of(&post(&me, "k", "actions/sleeper", &args).await.expect(202));
    eventually("the action runs", || async { (me.state(&id).await == "running").then_some(()) }).await;

    let (_wask, me) = on(wask.kill().await).await;
    assert!(cut_off.await.unwrap(), "the connection ended without an answer");
    let again = post(&me, "k", path, &args).await.expect(200);

    assert_eq!(id_of(&again), id);
    assert_eq!(again.json()["response"]["result"], json!({ "slept": 1000 }));
    assert_eq!(annotation(&again.json(), "attempts"), Some(json!(2)), "it was run again, under the same id");
    assert_eq!(runs_of(&me, "sleeper").await, 1);
}
