//! Requests that only wait do not delay a stopping server, because nothing they wait for could end in the grace period.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use wask_tests::{Answer, Client, TestServer, eventually, guest};

/// A server that runs one activation at a time and has much time to stop.
async fn started() -> (TestServer, Client) {
    let settings = |config: &mut wask::config::Config| {
        config.server.grace_ms = 20_000;
        config.limits.concurrent_invocations = 1;
    };
    let wask = TestServer::builder().configure(settings).start().await;
    let me = wask.guest();
    (wask, me)
}

/// Stops the server. If a request held it, that would take the whole grace period.
async fn stops_at_once(wask: TestServer) {
    tokio::time::timeout(Duration::from_secs(10), wask.stop()).await.expect("a server that no request holds");
}

fn waiting(client: &Client, path: String) -> JoinHandle<Answer> {
    let client = client.clone();
    tokio::spawn(async move { client.get(&path).await })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_waiting_for_a_retry_gets_the_state_when_the_server_stops() {
    let (wask, me) = started().await;
    let policy = json!({ "annotations": [{ "key": "retry", "value": { "delayMs": 3_600_000 } }] });
    me.create_action_with("error", &guest("error"), policy).await;
    let id = me.invoke_async("error", &json!({ "error": "no" })).await;
    eventually("the activation waits for its retry", || async { (me.state(&id).await == "retrying").then_some(()) })
        .await;
    let waits = waiting(&me, format!("activations/{id}/status?wait=60s"));
    waiting(&me, format!("activations/{id}/status?wait=300ms")).await.unwrap().expect(200);
    assert!(!waits.is_finished(), "the request waits");

    stops_at_once(wask).await;

    let answer: Value = waits.await.unwrap().expect(200).json();
    assert_eq!((&answer["state"], &answer["activationId"]), (&json!("retrying"), &json!(id)), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_of_a_queued_activation_gets_its_id_when_the_server_stops() {
    let (wask, me) = started().await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let first = me.invoke_async("sleeper", &json!({ "ms": 1500 })).await;
    eventually("the first runs", || async { (me.state(&first).await == "running").then_some(()) }).await;
    let caller = tokio::spawn({
        let me = me.clone();
        async move { me.invoke("sleeper", &json!({ "ms": 50_000 })).await }
    });
    eventually("the second activation is queued", || async { (wask.queued().await == 2).then_some(()) }).await;

    stops_at_once(wask).await; // only after the first activation, which ends in time

    let accepted = caller.await.unwrap().expect(202).json();
    assert!(accepted["activationId"].is_string() && accepted["activationId"] != first, "{accepted}");
}
