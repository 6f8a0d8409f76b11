//! `kill -9` at any moment under load.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use wask_tests::{Client, ServerProcess, annotation, eventually, guest};

use super::{UNLIMITED, result_of};

const DEATHS: u64 = 10;
const CLIENTS: u64 = 8;

/// Ids that were acknowledged, with the number that each invocation carried.
type Acknowledged = HashMap<String, u64>;

/// Invokes without waiting until the server is gone. `numbers` holds the next number to send.
async fn invoke_until_it_dies(client: Client, numbers: Arc<AtomicU64>) -> Acknowledged {
    let mut acknowledged = HashMap::new();
    loop {
        let n = numbers.fetch_add(1, Ordering::Relaxed);
        // Half of the runs take a moment, so that every kill finds some running.
        let (action, args) = match n % 2 {
            0 => ("echo", json!({ "n": n })),
            _ => ("sleeper", json!({ "ms": n % 100, "n": n })),
        };
        let path = format!("/api/v1/namespaces/_/actions/{action}");
        let Ok(response) = client.request(reqwest::Method::POST, &path).json(&args).send().await else { break };
        assert_eq!(response.status(), 202);
        let Ok(body) = response.json::<Value>().await else { break };
        acknowledged.insert(body["activationId"].as_str().expect("an activationId").to_owned(), n);
    }
    acknowledged
}

/// Every record of the namespace, in pages.
async fn everything(client: &Client) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let page = client.get(&format!("activations?docs=true&limit=200&skip={}", all.len())).await.expect(200).json();
        let page = page.as_array().expect("a list").clone();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_activation_is_lost_or_recorded_twice() {
    // Raises the limit of three attempts, which another test covers, because some runs here see more crashes.
    let settings = [&UNLIMITED[..], &[("WASK_QUEUE__MAX_ATTEMPTS", "100")]].concat();
    let mut wask = ServerProcess::serve(&settings).await;
    let mut me = wask.guest().await;
    for action in ["echo", "sleeper"] {
        me.create_action(action, &guest(action)).await;
    }
    let numbers = Arc::new(AtomicU64::new(0));
    let mut acknowledged = HashMap::new();

    for death in 0..DEATHS {
        let clients: Vec<_> =
            (0..CLIENTS).map(|_| tokio::spawn(invoke_until_it_dies(me.clone(), numbers.clone()))).collect();
        // A different moment each time, from the first commits to the middle of a run.
        tokio::time::sleep(Duration::from_millis(60 + 97 * death % 400)).await;
        let data = wask.kill().await;
        for client in clients {
            acknowledged.extend(client.await.unwrap());
        }
        wask = ServerProcess::start("serve", &[], &settings, data).await;
        me = wask.guest().await;
    }

    assert!(acknowledged.len() > 100, "{} acknowledged: that is no load", acknowledged.len());
    let mut again = 0;
    for (id, n) in &acknowledged {
        let record = me.ended(id).await;
        assert_eq!(record["activationId"], json!(id));
        match n % 2 {
            0 => assert_eq!(*result_of(&record), json!({ "n": n })),
            _ => assert_eq!(*result_of(&record), json!({ "slept": n % 100 })),
        }
        again += u64::from(annotation(&record, "attempts").is_some());
    }
    assert!(again > 0, "no kill found anything running");

    // An invocation may have been accepted without an acknowledgement. It has a record too, and no id has two.
    let accepted = eventually("every run has ended", || async {
        let before = everything(&me).await.len();
        let marker = me.invoke_async("echo", &json!({ "n": "marker" })).await;
        me.ended(&marker).await;
        let after = everything(&me).await;
        (after.len() == before + 1).then_some(after)
    })
    .await;
    let mut ids: Vec<&str> = accepted.iter().map(|record| record["activationId"].as_str().unwrap()).collect();
    let listed = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), listed);
    assert!(acknowledged.keys().all(|id| ids.binary_search(&id.as_str()).is_ok()));
    let count = me.get("activations?count=true").await.expect(200).json()["activations"].clone();
    assert_eq!(count, json!(listed));
    drop(wask);
}
