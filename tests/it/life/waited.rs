//! Waiting for the end of an activation without polling.

use serde_json::{Value, json};
use wask_tests::{Client, eventually, guest};

use super::{SECOND, in_state, started};

fn waiting(client: &Client, id: &str, wait: &str) -> tokio::task::JoinHandle<Value> {
    let (client, path) = (client.clone(), format!("activations/{id}/status?wait={wait}"));
    tokio::spawn(async move { client.get(&path).await.expect(200).json() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_request_that_waits_is_answered_when_the_activation_ends() {
    let (wask, me) = started().await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let job = me.invoke_async("sleeper", &json!({ "ms": 50_000 })).await;
    in_state(&me, &job, "running").await;
    let waits = waiting(&me, &job, "60s");
    let less_patient = waiting(&me, &job, "500ms");
    eventually("the caller with the shorter wait is answered", || async {
        wask.advance(SECOND / 20);
        less_patient.is_finished().then_some(())
    })
    .await;
    assert_eq!(less_patient.await.unwrap()["state"], "running");
    assert!(!waits.is_finished());
    eventually("it has ended", || async {
        wask.advance(SECOND);
        waits.is_finished().then_some(())
    })
    .await;
    let told = waits.await.unwrap();
    assert_eq!((&told["state"], &told["status"]), (&json!("ended"), &json!("success")));
    let again = me.get(&format!("activations/{job}/status?wait=60s")).await.expect(200).json();
    assert_eq!(again, told, "what has ended is not waited for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_request_that_times_out_gets_the_current_state() {
    let (wask, me) = started().await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let job = me.invoke_async("sleeper", &json!({ "ms": 50_000 })).await;
    in_state(&me, &job, "running").await;
    let waits = waiting(&me, &job, "1500ms");
    let told = eventually("the wait is over", || async {
        wask.advance(SECOND / 2);
        waits.is_finished().then_some(())
    });
    told.await;
    assert_eq!(waits.await.unwrap()["state"], "running");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_activation_can_have_further_waiters() {
    let (wask, me) = started().await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let blocking = tokio::spawn({
        let me = me.clone();
        async move { me.invoke("sleeper", &json!({ "ms": 5000 })).await.expect(200).json() }
    });
    let id = eventually("it runs", || async { wask.running().pop() }).await;
    let waits = waiting(&me, &id, "30");
    tokio::task::yield_now().await;
    wask.advance(5 * SECOND);
    assert_eq!(blocking.await.unwrap()["activationId"], id);
    assert_eq!(waits.await.unwrap()["state"], "ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_is_at_most_one_minute() {
    let (_wask, me) = started().await;
    let unknown = "0123456789abcdef0123456789abcdef";
    for wrong in ["61s", "soon", "-1"] {
        let refused = me.get(&format!("activations/{unknown}/status?wait={wrong}")).await.expect(400).error();
        assert!(refused.contains("'wait'") && refused.contains(wrong) && refused.contains("at most 1m"), "{refused}");
    }
    me.get(&format!("activations/{unknown}/status?wait=30s")).await.expect(404);
}
