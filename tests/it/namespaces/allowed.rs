//! The limits of one namespace, and the errors that quote them. The numbers are the bullets of rest.md §11.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::{Client, TestServer, guest, wat};

/// PUTs an action with these limits and returns the error.
async fn refusal(me: &Client, limits: Value, status: u16) -> String {
    me.put_code("a", &wat("result-then-exit-0"), json!({ "limits": limits })).await.expect(status).error()
}

#[tokio::test(flavor = "multi_thread")]
async fn b54_an_error_quotes_the_namespaces_range_even_beyond_the_systems() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    wask.set_limits(
        "guest",
        &[
            ("action_timeout_min_ms", "200"),
            ("action_timeout_max_ms", "1000"),
            ("action_memory_min_mb", "200"),
            ("action_memory_max_mb", "300"),
            ("action_logs_min_mb", "1"),
            ("action_logs_max_mb", "2"),
            ("action_concurrency_min", "2"),
            ("action_concurrency_max", "3"),
        ],
    )
    .await;
    for (limits, sentence) in [
        (json!({ "timeout": 1001 }), "duration 1001 milliseconds exceeds allowed threshold of 1000 milliseconds"),
        (
            json!({ "timeout": 99_000_000 }),
            "duration 99000000 milliseconds exceeds allowed threshold of 1000 milliseconds",
        ),
        (json!({ "timeout": 199 }), "duration 199 milliseconds below allowed threshold of 200 milliseconds"),
        (json!({ "timeout": 1 }), "duration 1 milliseconds below allowed threshold of 200 milliseconds"),
        (json!({ "memory": 301 }), "memory size 301 MB exceeds allowed threshold of 300 MB"),
        (json!({ "memory": 9999 }), "memory size 9999 MB exceeds allowed threshold of 300 MB"),
        (json!({ "memory": 199 }), "memory size 199 MB below allowed threshold of 200 MB"),
        (json!({ "logs": 3 }), "log size 3 MB exceeds allowed threshold of 2 MB"),
        (json!({ "logs": 0 }), "log size 0 MB below allowed threshold of 1 MB"),
        (json!({ "concurrency": 4 }), "concurrency 4 exceeds allowed threshold of 3"),
        (json!({ "concurrency": 1 }), "concurrency 1 below allowed threshold of 2"),
    ] {
        assert_eq!(refusal(&me, limits, 400).await, sentence);
    }
    for bounds in [
        json!({ "timeout": 200, "memory": 200, "logs": 1, "concurrency": 2 }),
        json!({ "timeout": 1000, "memory": 300, "logs": 2, "concurrency": 3 }),
    ] {
        refusal(&me, bounds, 200).await;
    }
    me.create_action("defaults", &wat("result-then-exit-0")).await;
    let stored = me.get("actions/defaults").await.json()["limits"].clone();
    let nearest = json!({ "timeout": 1000, "memory": 256, "logs": 2, "concurrency": 2 });
    assert_eq!(stored, nearest, "a default outside of the range moves to its nearest end");
    refusal(&other, json!({ "timeout": 5000, "memory": 512 }), 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b55_the_namespaces_concurrency_bounds_its_instances() {
    let wask = TestServer::builder().configure(|config| config.limits.concurrent_invocations = 30).start().await;
    let me = wask.guest();
    let sentence = |n| format!("Max action instance concurrency must not exceed your namespace concurrency of {n}.");
    assert_eq!(refusal(&me, json!({ "instances": 31 }), 400).await, sentence(30));
    refusal(&me, json!({ "instances": 30 }), 200).await;
    wask.set_limits("guest", &[("concurrent_invocations", "5")]).await;
    assert_eq!(refusal(&me, json!({ "instances": 6 }), 400).await, sentence(5));
    wask.set_limits("guest", &[("concurrent_invocations", "40")]).await;
    refusal(&me, json!({ "instances": 40 }), 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b181_b182_get_limits_shows_overrides_and_what_only_they_can_set() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    wask.set_limits(
        "guest",
        &[
            ("invocations_per_minute", "600"),
            ("fires_per_minute", "601"),
            ("concurrent_invocations", "602"),
            ("action_timeout_max_ms", "1000"),
            ("action_memory_min_mb", "256"),
            ("action_logs_max_mb", "5"),
            ("action_concurrency_max", "1"),
            ("parameters_bytes", "100"),
            ("payload_bytes", "2000"),
            ("truncation_bytes", "300"),
            ("allowed_kinds", "wasm,sequence"),
            ("store_activations", "true"),
        ],
    )
    .await;
    let expected = json!({
        "invocationsPerMinute": 600, "concurrentInvocations": 602, "queuedInvocations": 1000, "firesPerMinute": 601,
        "readsPerMinute": i32::MAX,
        "minActionMemory": 256, "maxActionMemory": 4096, "minActionLogs": 0, "maxActionLogs": 5,
        "minActionTimeout": 100, "maxActionTimeout": 1000, "minActionConcurrency": 1, "maxActionConcurrency": 1,
        "maxParameterSize": "100 B", "maxActionInstances": 602,
        "maxEntities": 10_000, "maxEntitiesSize": "1073741824 B",
        "maxCallbacksSize": "268435456 B", "maxAuditSize": "67108864 B",
        "allowedKinds": ["wasm:1", "sequence"], "storeActivations": true,
        "maxPayloadSize": "2000 B", "truncationSize": "300 B",
    });
    assert_eq!(me.get("limits").await.expect(200).json(), expected);
    let others = other.get("limits").await.expect(200).json();
    for only_where_set in ["allowedKinds", "storeActivations", "maxPayloadSize", "truncationSize"] {
        assert!(others.get(only_where_set).is_none(), "{only_where_set}");
    }
    for client in [&me, &other] {
        client.send(client.request(Method::GET, "/api/v1/namespaces/nobody/limits")).await.expect(403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b183_a_namespaces_rate_applies_above_and_below_the_systems() {
    let wask = TestServer::builder()
        .clock_by_hand("2030-01-01T00:00:30Z")
        .configure(|config| config.limits.invocations_per_minute = 2)
        .start()
        .await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    wask.set_limits("guest", &[("invocations_per_minute", "3")]).await;
    wask.set_limits("other", &[("invocations_per_minute", "1")]).await;
    for (client, allowed) in [(&me, 3), (&other, 1)] {
        client.create_action("a", &wat("result-then-exit-0")).await;
        for _ in 0..allowed {
            client.invoke("a", &json!({})).await.expect(200);
        }
        let refused = client.invoke("a", &json!({})).await.expect(429);
        let count = allowed + 1;
        let sentence = format!("Too many requests in the last minute (count: {count}, allowed: {allowed}).");
        assert_eq!((refused.error(), refused.header("retry-after")), (sentence, Some("30")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b185_zero_for_a_namespace_blocks_it_though_elsewhere_it_is_unlimited() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T00:00:30Z").start().await; // all throttles are 0
    let me = wask.guest();
    me.create_web_action("a", &wat("result-then-exit-0")).await;
    me.create_trigger("t").await;
    me.create_rule("r", "t", "a").await;
    for (limit, path, text) in [
        (
            "invocations_per_minute",
            "actions/a?blocking=true",
            "Too many requests in the last minute (count: 1, allowed: 0).",
        ),
        ("fires_per_minute", "triggers/t", "Too many requests in the last minute (count: 1, allowed: 0)."),
        (
            "concurrent_invocations",
            "actions/a?blocking=true",
            "Too many concurrent requests in flight (count: 0, allowed: 0).",
        ),
    ] {
        wask.advance(Duration::from_secs(60));
        me.post(path, &json!({})).await;
        wask.advance(Duration::from_secs(60));
        wask.set_limits("guest", &[(limit, "0")]).await;
        let refused = me.post(path, &json!({})).await.expect(429);
        assert_eq!(refused.error(), text, "{limit}");
        assert!(refused.header("retry-after").is_some_and(|seconds| seconds != "0"), "{limit}");
        if path != "triggers/t" {
            let web = me.web(Method::GET, "a.json").await.expect(429);
            assert!(web.header("retry-after").is_some());
        }
        let name = "guest".parse().unwrap();
        wask.as_operator(async |all| all.set_limits(&name, |own| own.unset(limit)).await).await;
    }
    me.invoke("a", &json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn b186_a_kind_that_is_not_allowed_is_403_on_create_and_update() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("old", &wat("result-then-exit-0")).await;
    let refused =
        |kind: &str| format!("The supplied authentication is not authorized to access actions of kind '{kind}'.");
    let sequence = json!({ "exec": { "kind": "sequence", "components": ["/_/old"] } });

    wask.set_limits("guest", &[("allowed_kinds", "sequence")]).await;
    for name in ["new", "old"] {
        let answer = me.put_code(name, &wat("result-then-exit-0"), json!({})).await.expect(403);
        assert_eq!(answer.error(), refused("wasm:1"), "{name}");
    }
    me.put("actions/old?overwrite=true", &json!({ "parameters": [] })).await.expect(200);
    me.invoke("old", &json!({})).await.expect(200);
    me.put("actions/chain", &sequence).await.expect(200);

    wask.set_limits("guest", &[("allowed_kinds", "wasm:1")]).await;
    me.create_action("new", &wat("result-then-exit-0")).await;
    let answer = me.put("actions/chain?overwrite=true", &sequence).await.expect(403);
    assert_eq!(answer.error(), refused("sequence"));
    let out_of_range = json!({ "limits": { "timeout": 1 }, "exec": sequence["exec"] });
    me.put("actions/other", &out_of_range).await.expect(400); // limits are checked before the kind
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_outside_a_range_that_was_set_later_ends_with_an_error() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action_with("a", &wat("result-then-exit-0"), json!({ "limits": { "memory": 512 } })).await;
    me.invoke("a", &json!({})).await.expect(200);
    wask.set_limits("guest", &[("action_memory_max_mb", "256")]).await;
    let ended = me.invoke("a", &json!({})).await.expect(502).json();
    assert_eq!(ended["response"]["status"], "application error");
    assert_eq!(ended["response"]["result"]["error"], "memory size 512 MB exceeds allowed threshold of 256 MB");
}

#[tokio::test(flavor = "multi_thread")]
async fn size_limits_of_a_namespace_cover_parameters_payloads_and_results() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_web_action("echo", &guest("echo")).await;
    me.create_action("big", &guest("big-result")).await;
    me.create_trigger("t").await;
    me.create_rule("r", "t", "echo").await;
    wask.set_limits("guest", &[("parameters_bytes", "100"), ("payload_bytes", "2000"), ("truncation_bytes", "10")])
        .await;

    let long = json!([{ "key": "k", "value": "x".repeat(101) }]);
    for (path, body) in [
        ("actions/echo?overwrite=true", json!({ "parameters": long })),
        ("actions/echo?overwrite=true", json!({ "annotations": long })),
        ("triggers/t?overwrite=true", json!({ "parameters": long })),
        ("rules/r?overwrite=true", json!({ "annotations": long })),
    ] {
        let refused = me.put(path, &body).await.expect(413);
        assert!(refused.error().ends_with(" > 100 bytes."), "{path}: {}", refused.error());
    }
    let payload = json!({ "k": "x".repeat(1993) }); // 8 bytes around it
    for path in ["actions/echo?blocking=true", "triggers/t"] {
        let refused = me.post(path, &payload).await.expect(413);
        assert_eq!(refused.error(), "Request larger than allowed: 2001 > 2000 bytes.", "{path}");
    }
    let web = me.anonymous(Method::POST, &me.web_path("echo.json")).json(&payload);
    assert_eq!(me.send(web).await.expect(413).error(), "Request larger than allowed: 2001 > 2000 bytes.");

    me.invoke("echo", &json!({ "k": "x".repeat(1900) })).await.expect(200);
    let ended = me.invoke("big", &json!({ "size": 3000 })).await.expect(502).json();
    let error = ended["response"]["result"]["error"].as_str().unwrap().to_owned();
    assert!(error.starts_with("The action produced a response that exceeded the allowed length: "), "{error}");
    let (said, quoted) = error.split_once(" > 2000 bytes. The truncated response was: ").expect("the limit");
    assert!(said.ends_with(": 3000"), "{said}");
    assert_eq!(quoted.len(), 10, "{quoted}");
}
