//! How long keys are kept, how many a namespace may have, and what a retry costs.

use std::time::Duration;

use serde_json::json;
use wask_tests::{TestServer, eventually, guest, wat};

use super::{id_of, is_replayed, known, post, runs_of};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_valid_for_24_hours_from_its_first_use() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T00:00:00Z").start().await;
    let me = wask.guest();
    me.create_action("a", &wat("result-then-exit-0")).await;
    let args = json!({});
    let again = || post(&me, "k", "actions/a?blocking=true", &args);
    let first = again().await.expect(200);

    for _ in 0..2 {
        wask.advance(HOUR * 12);
        assert_eq!(id_of(&again().await.expect(200)), id_of(&first), "using it does not prolong it");
    }
    wask.advance(Duration::from_millis(1));

    let fresh = again().await.expect(200);
    assert!(!is_replayed(&fresh));
    assert_ne!(id_of(&fresh), id_of(&first));
    assert_eq!(id_of(&again().await.expect(200)), id_of(&fresh));
    assert_eq!(runs_of(&me, "a").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_at_its_key_limit_gets_no_new_key_until_old_ones_expire() {
    let wask = TestServer::builder()
        .clock_by_hand("2030-01-01T00:00:00Z")
        .configure(|config| config.queue.idempotency_keys = 2)
        .start()
        .await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    for client in [&me, &other] {
        client.create_action("a", &wat("result-then-exit-0")).await;
    }
    for key in ["one", "two"] {
        post(&me, key, "actions/a?blocking=true", &json!({})).await.expect(200);
    }

    let refused = post(&me, "three", "actions/a", &json!({})).await.expect(429);
    assert_eq!(refused.error(), "Too many idempotency keys in the last 24 hours (count: 2, allowed: 2).");
    assert_eq!(refused.header("retry-after"), Some("3600"));
    assert!(is_replayed(&post(&me, "two", "actions/a", &json!({})).await.expect(202)));
    me.invoke("a", &json!({})).await.expect(200);
    post(&other, "three", "actions/a", &json!({})).await.expect(202);
    assert_eq!(runs_of(&me, "a").await, 3);

    wask.advance(HOUR * 25); // past the next pass that deletes expired keys
    eventually("old keys are deleted", || async {
        let answer = post(&me, "three", "actions/a", &json!({})).await;
        (answer.status == 202).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_does_not_count_as_in_flight() {
    let wask = TestServer::builder()
        .configure(|config| (config.limits.concurrent_invocations, config.limits.queued_invocations) = (1, 0))
        .start()
        .await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    let (args, others) = (json!({ "ms": 2000 }), json!({ "ms": 0 }));
    let first = post(&me, "k", "actions/sleeper", &args).await.expect(202);

    assert_eq!(id_of(&post(&me, "k", "actions/sleeper", &args).await.expect(202)), id_of(&first));
    let refused = post(&me, "l", "actions/sleeper", &others).await.expect(429);
    assert_eq!(refused.error(), "Too many concurrent requests in flight (count: 1, allowed: 1).");
    let waited = post(&me, "k", "actions/sleeper?blocking=true", &args).await.expect(200);
    assert_eq!(id_of(&waited), id_of(&first));

    let answer = eventually("the first activation is no longer in flight", || async {
        let answer = post(&me, "l", "actions/sleeper", &others).await;
        (answer.status == 202).then_some(answer)
    });
    assert!(!is_replayed(&answer.await), "a refusal leaves the key as it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_survives_a_restart() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    let first = post(&me, "k", "actions/echo?blocking=true", &json!({ "n": 1 })).await.expect(200);

    let wask = wask.restart().await;

    let me = wask.guest();
    let again = post(&me, "k", "actions/echo?blocking=true", &json!({ "n": 1 })).await.expect(200);
    assert!(is_replayed(&again));
    assert_eq!(again.json(), first.json());
    post(&me, "k", "actions/echo", &json!({ "n": 2 })).await.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_caller_cut_off_by_a_restart_gets_the_record_with_a_retry() {
    let wask = TestServer::builder().configure(|config| config.server.grace_ms = 100).start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    let args = json!({ "ms": 2500 });
    let waiting = tokio::spawn({
        let (me, args) = (me.clone(), args.clone());
        async move { post(&me, "k", "actions/sleeper?blocking=true", &args).await }
    });
    known(&me, "k").await;

    let wask = wask.restart().await;

    let first = waiting.await.unwrap().expect(202);
    let again = post(&wask.guest(), "k", "actions/sleeper?blocking=true", &args).await.expect(200);
    assert_eq!(id_of(&again), id_of(&first));
    assert_eq!(runs_of(&wask.guest(), "sleeper").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_use_up_the_keys_of_web_callers_only() {
    let wask = TestServer::builder()
        .configure(|config| (config.queue.idempotency_keys, config.queue.web_idempotency_keys) = (1, 2))
        .start()
        .await;
    let me = wask.guest();
    me.create_web_action("a", &wat("result-then-exit-0")).await;
    let stranger = async |key: &str| {
        let request = me.anonymous(reqwest::Method::POST, &me.web_path("a.json")).header("Idempotency-Key", key);
        me.send(request.json(&json!({}))).await
    };
    for key in ["one", "two"] {
        stranger(key).await.expect(200);
    }

    let refused = stranger("three").await.expect(429);
    assert_eq!(refused.error(), "Too many idempotency keys in the last 24 hours (count: 2, allowed: 2).");
    assert!(is_replayed(&stranger("two").await.expect(200)));
    post(&me, "one", "actions/a", &json!({})).await.expect(202);
    post(&me, "two", "actions/a", &json!({})).await.expect(429);
}
