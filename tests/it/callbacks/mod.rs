//! Completion callbacks: subscribing, requests, retries and managing. feeds.md §C; the numbers S2.x and S3.x are
//! those of its acceptance list.

mod asking;
mod bodies;
mod crowd;
mod durable;
mod forbidden;
mod managing;
mod retries;
mod sources;

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::{Answer, Client, Received, Receiver, TestServer, eventually, guest};

const START: &str = "2030-01-01T06:00:00Z";
const SECOND: Duration = Duration::from_secs(1);

/// A server whose clock stands still, with an action that returns its arguments, and a receiver.
async fn started() -> (TestServer, Client, Receiver) {
    let wask = TestServer::builder().clock_by_hand(START).start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    (wask, me, Receiver::start().await)
}

/// Invokes without waiting. Returns the ids of the activation and the callback.
async fn invoke(client: &Client, action: &str, args: &Value) -> (String, String) {
    let answer = client.post(&format!("actions/{action}"), args).await.expect(202);
    let callback = answer.header("x-wask-callback-id").expect("the id of the callback").to_owned();
    (answer.json()["activationId"].as_str().unwrap().to_owned(), callback)
}

/// Arguments with a callback to this URL and nothing else.
fn calling(url: &str) -> Value {
    json!({ "__ow_callback": url })
}

async fn callback(client: &Client, id: &str) -> Value {
    client.get(&format!("callbacks/{id}")).await.expect(200).json()
}

/// The callback as soon as it is in this state.
async fn in_state(client: &Client, id: &str, state: &str) -> Value {
    eventually(&format!("{id} is {state}"), || async {
        let now = callback(client, id).await;
        (now["state"] == state).then_some(now)
    })
    .await
}

/// Advances the clock until the receiver has `count` requests. Returns how many seconds it took to each.
async fn seconds_until(wask: &TestServer, receiver: &Receiver, count: usize) -> Vec<u64> {
    let (start, mut came) = (wask.now(), Vec::new());
    while receiver.received().len() < count {
        let (before, known) = (receiver.received().len(), wask.now());
        let due = eventually("the next attempt is due", || async {
            let rows = wask.guest().get("callbacks?limit=1").await.json();
            rows[0]["nextAttemptAt"].as_i64().filter(|due| known.millis() < *due)
        })
        .await;
        wask.advance(Duration::from_millis((due - wask.now().millis()).unsigned_abs()));
        receiver.received_at_least(before + 1).await;
        came.push(wask.now().since(start).as_secs());
    }
    came
}

fn bodies(received: &[Received]) -> Vec<Value> {
    received.iter().map(Received::json).collect()
}

async fn with_headers(client: &Client, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let mut request = client.request(Method::POST, &format!("/api/v1/namespaces/_/{path}")).json(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request).await
}
