//! Sequences across a crash: finished components are kept, and at most one component is repeated.

use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use wask_tests::{Client, ServerProcess, annotation, eventually, guest};

use super::create_sequence;

/// A server on fresh data with a sequence of three sleepers. The second sleeps long enough to be killed meantime.
async fn with_sequence() -> (ServerProcess, Client) {
    let wask = ServerProcess::serve(&[]).await;
    let me = wask.guest().await;
    for (name, ms) in [("first", 300), ("second", 4000), ("third", 10)] {
        let default = json!({ "parameters": [{ "key": "ms", "value": ms }] });
        me.create_action_with(name, &guest("sleeper"), default).await;
    }
    create_sequence(&me, "inner", &["second"]).await;
    create_sequence(&me, "s", &["first", "inner", "third"]).await;
    (wask, me)
}

async fn again_on(data: Arc<TempDir>) -> (ServerProcess, Client) {
    let wask = ServerProcess::start("serve", &[], &[], data).await;
    let me = wask.guest().await;
    (wask, me)
}

/// The record of an action; panics unless there is exactly one.
async fn only_record_of(client: &Client, name: &str) -> Value {
    let mut all = client.activations_of(name).await;
    assert_eq!(all.len(), 1, "{name} ran as often as it is recorded: {all:?}");
    all.remove(0)
}

async fn has_ended(client: &Client, name: &str) {
    eventually(&format!("{name} has ended"), || async {
        (!client.activations_of(name).await.is_empty()).then_some(())
    })
    .await;
}

async fn check_second_was_repeated(me: &Client, id: &str) {
    let record = me.ended(id).await;
    assert_eq!(record["response"]["result"], json!({ "slept": 10 }));
    assert_eq!(annotation(&record, "attempts"), Some(json!(2)));
    let mut ids = Vec::new();
    for (name, attempts) in [("first", None), ("second", Some(json!(2))), ("third", None)] {
        let part = only_record_of(me, name).await;
        assert_eq!(annotation(&part, "attempts"), attempts, "{name}");
        ids.push(part["activationId"].clone());
    }
    let inner = only_record_of(me, "inner").await;
    assert_eq!(inner["logs"], json!([ids[1]]));
    assert_eq!(record["logs"], json!([ids[0], inner["activationId"], ids[2]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_repeats_the_component_that_ran_and_no_other() {
    let (mut wask, me) = with_sequence().await;
    let id = me.invoke_async("s", &json!({})).await;
    has_ended(&me, "first").await;

    let (_wask, me) = again_on(wask.kill().await).await;

    check_second_was_repeated(&me, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_sequence_answered_with_202_survives_a_crash() {
    let (mut wask, me) = with_sequence().await;
    let accepted = me.post("actions/s?blocking=true&timeout=700", &json!({})).await.expect(202);
    let id = accepted.json()["activationId"].as_str().unwrap().to_owned();

    let (_wask, me) = again_on(wask.kill().await).await;

    check_second_was_repeated(&me, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_must_not_run_twice_ends_its_sequence() {
    let (mut wask, me) = with_sequence().await;
    me.put("actions/second?overwrite=true", &json!({ "annotations": [{ "key": "redelivery", "value": false }] }))
        .await
        .expect(200);
    let id = me.invoke_async("s", &json!({})).await;
    has_ended(&me, "first").await;

    let (_wask, me) = again_on(wask.kill().await).await;

    let record = me.ended(&id).await;
    let message = "The node failed while running this activation, and the action's annotation 'redelivery' is false.";
    assert_eq!(record["response"]["status"], "whisk internal error");
    assert_eq!(record["response"]["result"], json!({ "error": message }));
    assert_eq!(me.activations_of("third").await.len(), 0);
    only_record_of(&me, "second").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_is_given_up_when_a_component_kills_the_process_three_times() {
    let (mut wask, mut me) = with_sequence().await;
    me.put("actions/second?overwrite=true", &json!({ "parameters": [{ "key": "ms", "value": 60_000 }] }))
        .await
        .expect(200);
    let id = me.invoke_async("s", &json!({ "ms": 50_000 })).await;
    for _ in 1..=3 {
        eventually("the sequence runs", || async { (me.state(&id).await == "running").then_some(()) }).await;
        (wask, me) = again_on(wask.kill().await).await;
    }
    let record = me.ended(&id).await;
    let message = "The node failed while running this activation 3 times.";
    assert_eq!(record["response"]["result"], json!({ "error": message }));
    assert_eq!(record["response"]["status"], "whisk internal error");
    assert_eq!(me.state(&id).await, "ended");
}
