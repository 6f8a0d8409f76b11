//! Crashes: everything the process acknowledged survives, with one record each. threats.md F1 to F3, F6, F7, F9.

mod answered;
mod following;
mod load;
mod start;

use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use wask_tests::{Client, ServerProcess, annotation, eventually, guest};

/// The settings of every server here: no throttles.
const UNLIMITED: [(&str, &str); 3] = [
    ("WASK_LIMITS__INVOCATIONS_PER_MINUTE", "0"),
    ("WASK_LIMITS__FIRES_PER_MINUTE", "0"),
    ("WASK_LIMITS__CONCURRENT_INVOCATIONS", "0"),
];

async fn serve() -> (ServerProcess, Client) {
    let wask = ServerProcess::serve(&UNLIMITED).await;
    let me = wask.guest().await;
    (wask, me)
}

async fn on(data: Arc<TempDir>) -> (ServerProcess, Client) {
    let wask = ServerProcess::start("serve", &[], &UNLIMITED, data).await;
    let me = wask.guest().await;
    (wask, me)
}

async fn running(client: &Client, id: &str) {
    eventually(&format!("{id} runs"), || async { (client.state(id).await == "running").then_some(()) }).await;
}

fn result_of(record: &Value) -> &Value {
    &record["response"]["result"]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_cut_off_by_a_crash_is_repeated_and_its_record_shows_it() {
    let (mut wask, me) = serve().await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let id = me.invoke_async("sleeper", &json!({ "ms": 1000 })).await;
    running(&me, &id).await;

    let (_wask, me) = on(wask.kill().await).await;

    let record = me.ended(&id).await;
    assert_eq!(*result_of(&record), json!({ "slept": 1000 }));
    assert_eq!(annotation(&record, "attempts"), Some(json!(2)));
    assert_eq!(me.activations_of("sleeper").await.len(), 1);
    assert_eq!(me.state(&id).await, "ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_must_not_run_twice_is_not_run_again() {
    let (mut wask, me) = serve().await;
    let annotations = json!({ "annotations": [{ "key": "redelivery", "value": false }] });
    me.create_action_with("sleeper", &guest("sleeper"), annotations).await;
    let id = me.invoke_async("sleeper", &json!({ "ms": 60_000 })).await;
    running(&me, &id).await;

    let (_wask, me) = on(wask.kill().await).await;

    let record = me.ended(&id).await;
    assert_eq!(record["response"]["status"], "whisk internal error");
    let message = "The node failed while running this activation, and the action's annotation 'redelivery' is false.";
    assert_eq!(*result_of(&record), json!({ "error": message }));
    assert_eq!(record["logs"], json!([]));
    assert_eq!(me.state(&id).await, "ended");
    assert_eq!(me.activations_of("sleeper").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_that_kills_the_process_three_times_is_given_up() {
    let (mut wask, mut me) = serve().await;
    me.create_action("sleeper", &guest("sleeper")).await;
    me.create_action("echo", &guest("echo")).await;
    let id = me.invoke_async("sleeper", &json!({ "ms": 60_000 })).await;
    for _ in 1..=3 {
        running(&me, &id).await;
        (wask, me) = on(wask.kill().await).await;
    }

    let record = me.ended(&id).await;

    assert_eq!(record["response"]["status"], "whisk internal error");
    let message = "The node failed while running this activation 3 times.";
    assert_eq!(*result_of(&record), json!({ "error": message }));
    assert_eq!(annotation(&record, "attempts"), Some(json!(3)));
    assert_eq!(me.state(&id).await, "ended");
    me.invoke("echo", &json!({})).await.expect(200);
    let (_wask, me) = on(wask.kill().await).await;
    assert_eq!(me.ended(&id).await, record, "a record that is final");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_caller_got_202_is_repeated_under_the_same_id() {
    let (mut wask, me) = serve().await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let accepted = me.post("actions/sleeper?blocking=true&timeout=50", &json!({ "ms": 1000 })).await.expect(202);
    let id = accepted.json()["activationId"].as_str().unwrap().to_owned();

    let (_wask, me) = on(wask.kill().await).await;

    let record = me.ended(&id).await;
    assert_eq!(*result_of(&record), json!({ "slept": 1000 }));
    assert_eq!(annotation(&record, "attempts"), Some(json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_to_a_blocking_caller_has_a_record_after_a_crash() {
    let (mut wask, me) = serve().await;
    me.create_action("echo", &guest("echo")).await;
    let mut answered = Vec::new();
    for n in 0..50 {
        let record = me.invoke("echo", &json!({ "n": n })).await.expect(200).json();
        answered.push(record["activationId"].as_str().unwrap().to_owned());
    }
    me.get(&format!("activations/{}", answered[49])).await.expect(200); // a record that was read once must survive

    let (_wask, me) = on(wask.kill().await).await;

    for (n, id) in answered.iter().enumerate() {
        assert_eq!(*result_of(&me.ended(id).await), json!({ "n": n }));
    }
    assert_eq!(me.activations_of("echo").await.len(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn queued_activations_run_in_order_of_arrival_after_a_crash() {
    let narrow = [&UNLIMITED[..], &[("WASK_QUEUE__CONCURRENT_RUNS", "1")]].concat();
    let mut wask = ServerProcess::serve(&narrow).await;
    let me = wask.guest().await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let mut ids = vec![me.invoke_async("sleeper", &json!({ "ms": 300 })).await];
    for _ in 0..8 {
        ids.push(me.invoke_async("sleeper", &json!({ "ms": 10 })).await);
    }
    running(&me, &ids[0]).await;

    let data = wask.kill().await;
    let wask = ServerProcess::start("serve", &[], &narrow, data).await;
    let me = wask.guest().await;

    let mut runs = Vec::new();
    for id in &ids {
        let accepted = id[..12].to_owned(); // the millisecond of its id; within one there is no order
        runs.push((accepted, me.ended(id).await["start"].as_i64().unwrap()));
    }
    runs.sort();
    assert!(runs.is_sorted_by(|(accepted, start), (next, later)| accepted == next || start <= later), "{runs:?}");
    assert_eq!(me.activations_of("sleeper").await.len(), ids.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_during_a_crash_fires_once() {
    let (mut wask, mut me) = serve().await;
    me.create_action("echo", &guest("echo")).await;
    me.create_alarm("second", "* * * * * *", json!({})).await;
    me.create_rule("every", "second", "echo").await;

    for deaths in 1..=3 {
        me.activations_of_at_least("second", deaths).await; // a tick has just fired; others are in flight
        (wask, me) = on(wask.kill().await).await;
    }
    me.activations_of_at_least("second", 5).await;

    let events = me.activations_of("second").await;
    let mut seconds: Vec<i64> = events.iter().map(|event| event["start"].as_i64().unwrap() / 1000).collect();
    seconds.reverse();
    let mut once = seconds.clone();
    once.dedup();
    assert_eq!(seconds, once, "one event per second at most");
    for event in &events {
        let line: Value = serde_json::from_str(event["logs"][0].as_str().unwrap()).unwrap();
        assert_eq!(me.ended(line["activationId"].as_str().unwrap()).await["cause"], event["activationId"]);
    }
    drop(wask);
}
