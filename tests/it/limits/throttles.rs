//! Limits on concurrency and on requests per minute, and where a caller reads them. Numbers are the bullets of rest.md §11.9.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use wask_tests::{TestServer, eventually, guest, wat};

#[tokio::test(flavor = "multi_thread")]
async fn b183_an_invocation_over_the_minutes_limit_is_429_with_both_numbers() {
    let wask = TestServer::builder()
        .clock_by_hand("2030-01-01T00:00:50Z")
        .configure(|config| config.limits.invocations_per_minute = 3)
        .start()
        .await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    for client in [&me, &other] {
        client.create_action("a", &wat("result-then-exit-0")).await;
    }

    me.invoke("a", &json!({})).await.expect(200);
    me.invoke_async("a", &json!({})).await;
    me.post("actions/none", &json!({})).await.expect(404);
    for count in [4, 5] {
        let refused = me.invoke("a", &json!({})).await.expect(429);
        let sentence = format!("Too many requests in the last minute (count: {count}, allowed: 3).");
        assert_eq!(refused.error(), sentence, "refused ones count, and so does what does not exist");
        assert_eq!(refused.header("retry-after"), Some("10"), "seconds to the next minute");
        assert!(refused.json()["code"].is_string());
    }
    me.post("actions/none", &json!({})).await.expect(429);
    let foreign = me.request(Method::POST, "/api/v1/namespaces/other/actions/a").json(&json!({}));
    me.send(foreign).await.expect(429);
    other.invoke("a", &json!({})).await.expect(200);
    me.get("actions/a").await.expect(200);

    wask.advance(Duration::from_secs(10));
    me.invoke("a", &json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn b183_fires_have_a_counter_of_their_own() {
    let wask = TestServer::builder()
        .clock_by_hand("2030-01-01T00:00:00Z")
        .configure(|config| {
            config.limits.fires_per_minute = 1;
            config.limits.invocations_per_minute = 1;
        })
        .start()
        .await;
    let me = wask.guest();
    me.create_trigger("t").await;
    me.create_action("a", &wat("result-then-exit-0")).await;

    me.post("triggers/t", &json!({})).await.expect(204);
    let refused = me.post("triggers/t", &json!({})).await.expect(429);
    assert_eq!(refused.error(), "Too many requests in the last minute (count: 2, allowed: 1).");
    assert_eq!(refused.header("retry-after"), Some("60"));
    me.invoke("a", &json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_have_a_counter_of_their_own() {
    let wask = TestServer::builder()
        .clock_by_hand("2030-01-01T00:00:30Z")
        .configure(|config| config.limits.reads_per_minute = 3)
        .start()
        .await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    me.create_trigger("t").await;

    for path in ["triggers", "triggers/t", "activations"] {
        me.get(path).await.expect(200);
    }
    let refused = me.get("triggers").await.expect(429);
    assert_eq!(refused.error(), "Too many reads in the last minute (count: 4, allowed: 3, limits.reads_per_minute).");
    assert_eq!(refused.header("retry-after"), Some("30"));
    me.post("triggers/t", &json!({})).await.expect(204);
    me.put("triggers/t?overwrite=true", &json!({})).await.expect(200);
    other.get("triggers").await.expect(200);

    wask.set_limits("other", &[("reads_per_minute", "2")]).await;
    wask.advance(Duration::from_secs(30));
    assert_eq!(other.get("limits").await.expect(200).json()["readsPerMinute"], 2);
    other.get("triggers").await.expect(200);
    other.get("triggers").await.expect(429);
    me.get("triggers").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn b184_an_activation_over_the_concurrency_limit_is_429() {
    let wask = TestServer::builder()
        .configure(|config| (config.limits.concurrent_invocations, config.limits.queued_invocations) = (2, 0))
        .start()
        .await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    let first = me.invoke_async("sleeper", &json!({ "ms": 1500 })).await;
    let second = me.invoke_async("sleeper", &json!({ "ms": 1500 })).await;

    for _ in 0..2 {
        let refused = me.invoke("sleeper", &json!({ "ms": 0 })).await.expect(429);
        assert_eq!(refused.error(), "Too many concurrent requests in flight (count: 2, allowed: 2).");
        assert!(refused.header("retry-after").and_then(|s| s.parse::<u32>().ok()).is_some_and(|s| 0 < s));
    }
    let other = wask.other("other").await;
    other.create_action("echo", &guest("echo")).await;
    other.invoke("echo", &json!({})).await.expect(200);

    me.ended(&first).await;
    me.ended(&second).await;
    eventually("there is room again", || async {
        (me.invoke("sleeper", &json!({ "ms": 0 })).await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_end_an_activation_frees_the_concurrency_it_used() {
    let wask = TestServer::builder()
        .configure(|config| (config.limits.concurrent_invocations, config.limits.queued_invocations) = (1, 0))
        .start()
        .await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.create_action("trap", &wat("divide-by-zero")).await;
    me.create_action_with("loop", &wat("endless-loop"), json!({ "limits": { "timeout": 100 } })).await;
    let finals =
        json!({ "parameters": [{ "key": "a", "value": 1 }], "annotations": [{ "key": "final", "value": true }] });
    me.create_action_with("final", &guest("echo"), finals).await;
    for (name, body, status) in [
        ("echo", json!({}), 200),
        ("echo", json!({ "error": 1 }), 502),
        ("trap", json!({}), 502),
        ("loop", json!({}), 502),
        ("none", json!({}), 404),
        ("final", json!({ "a": 2 }), 400),
        ("echo", json!([]), 400),
        ("echo", json!({}), 200),
    ] {
        me.invoke(name, &body).await.expect(status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_of_zero_means_unlimited() {
    let wask = TestServer::start().await; // all three throttles are 0
    let me = wask.guest();
    me.create_action("a", &wat("result-then-exit-0")).await;
    me.create_trigger("t").await;
    for _ in 0..150 {
        me.invoke("a", &json!({})).await.expect(200);
        me.post("triggers/t", &json!({})).await.expect(204);
    }
    let shown = me.get("limits").await.expect(200).json();
    for limit in
        ["invocationsPerMinute", "firesPerMinute", "readsPerMinute", "concurrentInvocations", "maxActionInstances"]
    {
        assert_eq!(shown[limit], i32::MAX, "{limit}: what is not limited reads as the largest number");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b181_b182_a_caller_can_read_every_limit_that_applies_to_it() {
    let configure = |config: &mut wask::config::Config| {
        config.limits.invocations_per_minute = 60;
        config.limits.fires_per_minute = 61;
        config.limits.reads_per_minute = 62;
        config.limits.concurrent_invocations = 30;
        config.limits.queued_invocations = 0;
    };
    let wask = TestServer::builder().configure(configure).start().await;
    let me = wask.guest();
    let expected = json!({
        "invocationsPerMinute": 60, "concurrentInvocations": 30, "queuedInvocations": 0, "firesPerMinute": 61,
        "readsPerMinute": 62,
        "minActionMemory": 128, "maxActionMemory": 4096, "minActionLogs": 0, "maxActionLogs": 10,
        "minActionTimeout": 100, "maxActionTimeout": 10_800_000, "minActionConcurrency": 1, "maxActionConcurrency": 500,
        "maxParameterSize": "1048576 B", "maxActionInstances": 30,
        "maxEntities": 10_000, "maxEntitiesSize": "1073741824 B",
        "maxCallbacksSize": "268435456 B", "maxAuditSize": "67108864 B",
    });
    for path in ["limits", "limits/"] {
        assert_eq!(me.get(path).await.expect(200).json(), expected);
    }
    let inner = me.get("limits/x").await.expect(400);
    assert_eq!(inner.error(), "Inner entity level routes for limits are not yet implemented.");
    for method in [Method::PUT, Method::POST, Method::DELETE] {
        me.send(me.request(method, "/api/v1/namespaces/_/limits").json(&json!({}))).await.expect(405);
    }
    me.send(me.request(Method::GET, "/api/v1/namespaces/other/limits")).await.expect(403);
    let server = me.send(me.anonymous(Method::GET, "/")).await.json()["limits"].clone();
    assert_eq!((&server["actions_per_minute"], &server["max_action_memory"]), (&json!(60), &json!(4_294_967_296_u64)));
}
