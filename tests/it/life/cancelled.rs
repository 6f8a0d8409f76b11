//! Cancelling an activation that is queued, running, between two attempts or in a sequence, and across a crash.

use serde_json::{Value, json};
use wask_tests::{ServerProcess, TestServer, annotation, eventually, guest, wat};

use super::{SECOND, START, in_state, retry, started, status};

const CANCELLED: &str = "The activation was cancelled.";

fn assert_cancelled(record: &Value) {
    assert_eq!(record["response"]["status"], "application error", "{record}");
    assert_eq!(record["response"]["result"], json!({ "error": CANCELLED }));
    assert_eq!(annotation(record, "cancelled"), Some(json!(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_queued_activation_has_ended_and_never_runs() {
    let wask = TestServer::builder().clock_by_hand(START).configure(|c| c.queue.concurrent_runs = 1).start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    let first = me.invoke_async("sleeper", &json!({ "ms": 1000 })).await;
    in_state(&me, &first, "running").await;
    let queued = me.invoke_async("sleeper", &json!({ "ms": 1000 })).await;

    let answer = me.post(&format!("activations/{queued}/cancel"), &json!({})).await.expect(202).json();

    assert_eq!((&answer["state"], &answer["status"]), (&json!("ended"), &json!("application error")));
    let record = me.get(&format!("activations/{queued}")).await.expect(200).json();
    assert_cancelled(&record);
    assert_eq!(record["duration"], 0);
    me.post(&format!("activations/{queued}/cancel"), &json!({})).await.expect(409);
    wask.advance(SECOND);
    me.ended(&first).await;
    assert_eq!(me.activations_of("sleeper").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_running_activation_ends_quickly_and_keeps_its_logs() {
    let (_wask, me) = started().await;
    me.create_action("sleeper", &guest("sleeper")).await;
    me.create_action("spin", &guest("spin")).await;
    me.create_action("forever", &wat("endless-loop")).await;
    for (action, args) in
        [("sleeper", json!({ "ms": 50_000 })), ("spin", json!({ "ms": 50_000 })), ("forever", json!({}))]
    {
        let id = me.invoke_async(action, &args).await;
        in_state(&me, &id, "running").await;
        me.post(&format!("activations/{id}/cancel"), &json!({})).await.expect(202);
        assert_cancelled(&me.ended(&id).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_blocking_activation_answers_its_caller() {
    let (wask, me) = started().await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let caller = tokio::spawn({
        let me = me.clone();
        async move { me.invoke("sleeper", &json!({ "ms": 50_000 })).await }
    });
    let id = eventually("it runs", || async { wask.running().pop() }).await;
    me.post(&format!("activations/{id}/cancel"), &json!({})).await.expect(202);
    let answer = caller.await.unwrap().expect(502);
    assert_cancelled(&answer.json());
    assert_cancelled(&me.ended(&id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_activation_gets_no_further_attempt() {
    let (wask, me) = started().await;
    me.create_action_with("error", &guest("error"), retry(json!({ "delayMs": 60_000 }))).await;
    let id = me.invoke_async("error", &json!({ "error": "no" })).await;
    in_state(&me, &id, "retrying").await;
    me.post(&format!("activations/{id}/cancel"), &json!({})).await.expect(202);
    let record = me.ended(&id).await;
    assert_cancelled(&record);
    assert_eq!(annotation(&record, "failedAttempts").unwrap()[0]["error"], "no");
    wask.advance(120 * SECOND);
    assert_eq!(me.activations_of("error").await.len(), 1);
    assert_eq!(me.get("dead-letters").await.json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_sequence_ends_its_component_and_starts_no_other() {
    let (_wask, me) = started().await;
    me.create_action("sleeper", &guest("sleeper")).await;
    me.create_action("echo", &guest("echo")).await;
    let exec = json!({ "exec": { "kind": "sequence", "components": ["/_/sleeper", "/_/echo"] } });
    me.put("actions/both", &exec).await.expect(200);
    let id = me.invoke_async("both", &json!({ "ms": 50_000 })).await;
    in_state(&me, &id, "running").await;
    me.post(&format!("activations/{id}/cancel"), &json!({})).await.expect(202);
    let record = me.ended(&id).await;
    assert_cancelled(&record);
    assert_eq!(annotation(&record, "kind"), Some(json!("sequence")));
    assert_eq!(record["logs"].as_array().unwrap().len(), 1);
    assert_cancelled(&me.activations_of_at_least("sleeper", 1).await[0]);
    assert!(me.activations_of("echo").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_foreign_activation_cannot_be_cancelled() {
    let (wask, me) = started().await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let id = me.invoke_async("sleeper", &json!({ "ms": 1000 })).await;
    let other = wask.other("somebody").await;
    other.post(&format!("activations/{id}/cancel"), &json!({})).await.expect(404);
    me.post("activations/0123456789abcdef0123456789abcdef/cancel", &json!({})).await.expect(404);
    wask.advance(SECOND);
    me.ended(&id).await;
    let refused = me.post(&format!("activations/{id}/cancel"), &json!({})).await.expect(409);
    assert_eq!(refused.error(), "The activation has already ended.");
    assert_eq!(status(&me, &id).await["status"], "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_cancellation_survives_a_crash() {
    let mut wask = ServerProcess::serve(&[]).await;
    let me = wask.guest().await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let id = me.invoke_async("sleeper", &json!({ "ms": 50_000 })).await;
    in_state(&me, &id, "running").await;
    me.post(&format!("activations/{id}/cancel"), &json!({})).await.expect(202);
    let data = wask.kill().await; // possibly before its record was written

    let wask = ServerProcess::start("serve", &[], &[], data).await;
    let me = wask.guest().await;

    assert_cancelled(&me.ended(&id).await);
    assert_eq!(me.activations_of("sleeper").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_right_after_the_invocation_holds() {
    let (_wask, me) = started().await;
    me.create_action("sleeper", &guest("sleeper")).await;
    for _ in 0..60 {
        let id = me.invoke_async("sleeper", &json!({ "ms": 50_000 })).await;
        me.post(&format!("activations/{id}/cancel"), &json!({})).await.expect(202);
        assert_cancelled(&me.ended(&id).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_cancellation_holds_or_is_refused() {
    let (_wask, me) = started().await;
    me.create_action("lines", &guest("log-lines")).await;
    for lines in 0..60 {
        let id = me.invoke_async("lines", &json!({ "lines": lines })).await;
        let answer = me.post(&format!("activations/{id}/cancel"), &json!({})).await;
        match answer.status.as_u16() {
            202 => assert_cancelled(&me.ended(&id).await),
            _ => assert_eq!(answer.expect(409).error(), "The activation has already ended."),
        }
    }
}
