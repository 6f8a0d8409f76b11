//! The life of an activation beyond OpenWhisk: status, waiting, cancellation, retries, dead letters, reruns.

mod cancelled;
mod depth;
mod followed;
mod given_up;
mod kept;
mod queued;
mod rerun;
mod secrets;
mod tried_again;
mod waited;

use std::time::Duration;

use serde_json::{Value, json};
use wask_tests::{Client, TestServer, eventually};

const START: &str = "2030-01-01T06:00:00Z";
const SECOND: Duration = Duration::from_secs(1);

async fn started() -> (TestServer, Client) {
    let wask = TestServer::builder().clock_by_hand(START).start().await;
    let me = wask.guest();
    (wask, me)
}

async fn in_state(client: &Client, id: &str, state: &str) {
    eventually(&format!("{id} is {state}"), || async { (client.state(id).await == state).then_some(()) }).await;
}

async fn status(client: &Client, id: &str) -> Value {
    client.get(&format!("activations/{id}/status")).await.expect(200).json()
}

/// Advances the clock until the activation has ended.
async fn ended_in_time(wask: &TestServer, id: &str) -> Value {
    let me = wask.guest();
    eventually(&format!("{id} has ended"), || async {
        wask.advance(SECOND / 4);
        let answer = me.get(&format!("activations/{id}")).await;
        (answer.status == 200).then(|| answer.json())
    })
    .await
}

fn retry(policy: Value) -> Value {
    json!({ "annotations": [{ "key": "retry", "value": policy }] })
}
