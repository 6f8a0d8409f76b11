//! A run needs a place: an instance of the sandbox, and the memory that its guest begins with.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;
use wask_tests::{Client, TestServer, annotation, eventually, guest};

/// A server with so many places. A namespace alone may have half of them.
async fn with_places(count: u32) -> TestServer {
    TestServer::builder().configure(move |config| config.sandbox.max_instances = count).start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_for_its_place_and_its_time_begins_when_it_has_one() {
    let wask = with_places(2).await;
    let me = wask.guest();
    me.create_action_with("sleeper", &guest("sleeper"), json!({ "limits": { "timeout": 1500 } })).await;

    let mut runs = JoinSet::new();
    for _ in 0..4 {
        let me = me.clone();
        runs.spawn(async move { me.invoke("sleeper", &json!({ "ms": 700 })).await });
    }

    let started = Instant::now();
    for answer in runs.join_all().await {
        let record = answer.expect(200).json();
        let duration = record["duration"].as_u64().expect("a duration");
        assert!(duration < 1500, "{record}");
    }
    assert!(Duration::from_millis(2800) <= started.elapsed(), "one after the other: {:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_for_its_place_can_be_cancelled() {
    let wask = with_places(2).await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    let first = me.invoke_async("sleeper", &json!({ "ms": 60_000 })).await;
    logs(&me, &first).await;
    let second = me.invoke_async("sleeper", &json!({ "ms": 60_000 })).await;
    eventually("the second runs", || async { (me.state(&second).await == "running").then_some(()) }).await;

    cancel(&me, &second).await;

    let cancelled = me.ended(&second).await;
    assert_eq!(annotation(&cancelled, "cancelled"), Some(json!(true)));
    cancel(&me, &first).await;
    me.invoke("sleeper", &json!({ "ms": 1 })).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whose_run_waits_for_its_place_gets_an_id_after_a_minute() {
    let few = |config: &mut wask::config::Config| config.sandbox.max_instances = 2;
    let wask = TestServer::builder().clock_by_hand("2026-07-01T12:00:00Z").configure(few).start().await;
    let me = wask.guest();
    let long = json!({ "limits": { "timeout": 300_000 } });
    me.create_action_with("sleeper", &guest("sleeper"), long).await;
    me.create_action("echo", &guest("echo")).await;
    let first = me.invoke_async("sleeper", &json!({ "ms": 200_000 })).await;
    logs(&me, &first).await;

    let second = tokio::spawn({
        let me = me.clone();
        async move { me.invoke("echo", &json!({ "a": 1 })).await }
    });
    eventually("the second waits", || async { (wask.running().len() == 2).then_some(()) }).await;
    wask.advance(Duration::from_secs(60));
    let id = second.await.expect("an answer").expect(202).json()["activationId"].as_str().expect("an id").to_owned();

    cancel(&me, &first).await;
    assert_eq!(me.ended(&id).await["response"]["result"], json!({ "a": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_gets_no_place_in_time_says_which_setting_bounds_them() {
    let few = |config: &mut wask::config::Config| {
        config.sandbox.max_instances = 2;
        config.memory.place_wait_ms = 100;
    };
    let wask = TestServer::builder().configure(few).start().await;
    let (me, other) = (wask.guest(), wask.other("neighbour").await);
    me.create_action("sleeper", &guest("sleeper")).await;
    other.create_action("sleeper", &guest("sleeper")).await;
    let first = me.invoke_async("sleeper", &json!({ "ms": 60_000 })).await;
    logs(&me, &first).await;

    let refused = me.invoke("sleeper", &json!({ "ms": 1 })).await.expect(500);

    let text = "No place for the action became free in time: the namespace runs 1 actions, 1 of 2 places are free \
        (sandbox.max_instances), and one namespace may hold at most as many as it leaves free.";
    assert_eq!(refused.json()["response"]["result"]["error"], text);
    other.invoke("sleeper", &json!({ "ms": 1 })).await.expect(200);
    cancel(&me, &first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_that_wait_for_the_guests_they_call_leave_them_places() {
    let wask = with_places(40).await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.create_action("invoker", &guest("invoker")).await;
    let call = |name: &str, params| json!({ "name": name, "blocking": true, "params": params });
    let twice = call("invoker", call("echo", json!({ "a": 1 })));

    let mut runs = JoinSet::new();
    for _ in 0..60 {
        let (me, twice) = (me.clone(), twice.clone());
        runs.spawn(async move { me.invoke("invoker", &twice).await });
    }

    for answer in runs.join_all().await {
        let outer = answer.expect(200).json();
        let inner = &outer["response"]["result"]["response"]["result"];
        assert_eq!(inner["response"]["result"], json!({ "a": 1 }), "{outer}");
    }
}

async fn cancel(me: &Client, id: &str) {
    me.post(&format!("activations/{id}/cancel"), &json!({})).await.expect(202);
}

/// Returns when an activation has written a log line.
async fn logs(me: &Client, id: &str) {
    eventually("it runs", || async { (me.state(id).await == "running").then_some(()) }).await;
    let path = format!("/api/v1/namespaces/_/activations/{id}/logs?follow=true");
    let request = me.request(Method::GET, &path).header("accept", "text/event-stream");
    let mut stream = request.send().await.expect("an answer");
    let mut text = Vec::new();
    while !String::from_utf8_lossy(&text).contains("start") {
        text.extend(stream.chunk().await.expect("a stream").expect("a line"));
    }
}
