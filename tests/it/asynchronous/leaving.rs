//! Callers that disconnect: no activation is lost, and the number in flight stays right.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use wask_tests::{Client, TestServer, annotation, eventually, guest};

use super::{SECOND, START, id_of};

/// A server that admits `places` activations at a time, with a clock moved by hand.
async fn with_places(places: u32) -> TestServer {
    let wask = TestServer::builder()
        .clock_by_hand(START)
        .configure(|c| (c.limits.concurrent_invocations, c.limits.queued_invocations) = (places, 0));
    wask.start().await
}

/// Invokes in the background as soon as an activation can be admitted; aborting the task disconnects the caller.
fn caller(client: &Client, path: &str, args: Value) -> JoinHandle<()> {
    let (client, path) = (client.clone(), path.to_owned());
    tokio::spawn(async move { while client.post(&path, &args).await.status == 429 {} })
}

/// Waits until no further activation is admitted, and then until the last one runs its guest. That cannot be seen from
/// outside but takes far less time than this.
async fn full(client: &Client) {
    for _ in 0..100 {
        let asked = || async { (client.invoke("echo", &json!({})).await.status == 429).then_some(()) };
        eventually("no further activation is admitted", asked).await;
    }
}

/// Waits until an activation is admitted.
async fn free(client: &Client) {
    let asked = || async { (client.invoke("echo", &json!({})).await.status == 200).then_some(()) };
    eventually("an activation is admitted", asked).await;
}

/// The record of an activation, whose time passes until it has ended: its guest may not have begun yet, and a moment
/// that has passed before does not count for it.
async fn ended_in_time(wask: &TestServer, client: &Client, id: &str) -> Value {
    let ended = || async {
        wask.advance(SECOND);
        (client.state(id).await == "ended").then_some(())
    };
    eventually("it has ended", ended).await;
    client.ended(id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_continues_when_its_caller_disconnects() {
    let wask = with_places(1).await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    me.create_action("echo", &guest("echo")).await;
    let caller = caller(&me, "actions/sleeper?blocking=true", json!({ "ms": 10_000 }));
    full(&me).await;

    caller.abort();
    let _ = caller.await;
    wask.advance(10 * SECOND);

    let records = me.activations_of_at_least("sleeper", 1).await;
    assert_eq!(records[0]["response"]["result"], json!({ "slept": 10_000 }));
    free(&me).await;
    assert_eq!(me.activations_of("sleeper").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_disconnect_at_their_202_leave_one_record_and_no_job() {
    const CALLERS: usize = 40;
    let wask = with_places(CALLERS as u32).await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    me.create_action("echo", &guest("echo")).await;
    let args = json!({ "ms": 5000 });
    let callers: Vec<_> =
        (0..CALLERS).map(|_| caller(&me, "actions/sleeper?blocking=true&timeout=1000", args.clone())).collect();
    full(&me).await;

    wask.advance(SECOND);
    for (n, caller) in callers.iter().enumerate() {
        tokio::time::sleep(Duration::from_micros(100 * (n as u64 % 4))).await; // while the other invocations are committed
        caller.abort();
    }
    wask.advance(4 * SECOND);

    let records = me.activations_of_at_least("sleeper", CALLERS).await;
    for record in &records {
        let id = id_of(record);
        assert_eq!(record["response"]["status"], "success");
        eventually(&format!("{id} has ended"), || async { (me.state(&id).await == "ended").then_some(()) }).await;
    }
    free(&me).await;
    let wask = wask.restart().await;
    let me = wask.guest();
    let waiting = me.invoke_async("sleeper", &json!({ "ms": 0 })).await; // queued behind whatever was left
    me.ended(&waiting).await;
    let records = me.activations_of("sleeper").await;
    assert_eq!(records.len(), CALLERS + 1);
    assert!(records.iter().all(|record| annotation(record, "attempts").is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_disconnect_during_their_202_leave_nothing_in_flight() {
    const PLACES: usize = 10;
    let wask = with_places(PLACES as u32).await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    me.create_action("echo", &guest("echo")).await;

    for round in 0..10_u64 {
        let callers: Vec<_> = (0..PLACES).map(|_| caller(&me, "actions/sleeper", json!({ "ms": 0 }))).collect();
        tokio::time::sleep(Duration::from_micros(300 * round)).await; // some requests are not read yet, others are being stored
        callers.iter().for_each(JoinHandle::abort);
    }
    free(&me).await;

    let admitted = eventually("the limit of concurrency admits exactly as many as before", || async {
        let mut admitted = Vec::new();
        for _ in 0..=PLACES {
            let answer = me.post("actions/sleeper", &json!({ "ms": 1000 })).await;
            match answer.status.as_u16() {
                202 => admitted.push(id_of(&answer.json())),
                _ => assert_eq!(answer.status, 429, "{}", answer.text()),
            }
        }
        for id in &admitted {
            // An ended activation may leave the number in flight a moment before it returns its permit.
            eventually("it runs", || async { (me.state(id).await == "running").then_some(()) }).await;
        }
        for id in &admitted {
            eventually("it has ended", || async {
                wask.advance(SECOND); // until its guest has begun to sleep
                (me.state(id).await == "ended").then_some(())
            })
            .await;
        }
        assert!(admitted.len() <= PLACES, "{} of {PLACES} places", admitted.len());
        (admitted.len() == PLACES).then_some(admitted)
    })
    .await;
    assert_eq!(admitted.len(), PLACES);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_is_no_longer_in_flight_however_it_ends() {
    let wask = with_places(1).await;
    let me = wask.guest();
    let quick = || json!({ "limits": { "timeout": 100 } });
    for name in ["echo", "error", "panic", "sleeper"] {
        me.create_action(name, &guest(name)).await;
    }
    me.create_action_with("hasty", &guest("sleeper"), quick()).await;
    let fixed =
        json!({ "parameters": [{ "key": "a", "value": 1 }], "annotations": [{ "key": "final", "value": true }] });
    me.create_action_with("fixed", &guest("echo"), fixed).await;
    me.create_trigger("dawn").await;
    me.create_rule("on-dawn", "dawn", "echo").await;

    for (path, args, status) in [
        ("actions/echo?blocking=true", json!({}), 200),
        ("actions/error?blocking=true", json!({ "error": "wanted" }), 502),
        ("actions/panic?blocking=true", json!({}), 502),
        ("actions/fixed?blocking=true", json!({ "a": 2 }), 400),
        ("actions/none?blocking=true", json!({}), 404),
        ("actions/echo?blocking=true&timeout=0", json!({}), 400),
        ("actions/echo", json!([]), 400),
        ("actions/echo", json!({}), 202),
        ("actions/error", json!({}), 202),
        ("actions/panic", json!({}), 202),
        ("actions/fixed", json!({ "a": 2 }), 400),
        ("triggers/dawn", json!({}), 202),
    ] {
        me.post(path, &args).await.expect(status);
        free(&me).await;
    }
    let late = me.invoke_async("hasty", &json!({ "ms": 60_000 })).await;
    assert_eq!(annotation(&ended_in_time(&wask, &me, &late).await, "timeout"), Some(json!(true)));
    free(&me).await;
    caller(&me, "actions/sleeper?blocking=true&timeout=100", json!({ "ms": 1000 })); // becomes an asynchronous one
    full(&me).await;
    wask.advance(SECOND);
    free(&me).await;

    // Nothing was returned twice: only one activation is admitted.
    let last = me.invoke_async("sleeper", &json!({ "ms": 1000 })).await;
    me.post("actions/echo", &json!({})).await.expect(429);
    ended_in_time(&wask, &me, &last).await;
}
