//! The end of a chaos run: waits until the server has no work left, then reads everything.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::evidence::{Delivery, Evidence, Site};
use super::load::{ALARMS, Visitor};
use crate::Client;

/// How long the accepted work may take to end.
const LONGEST: Duration = Duration::from_secs(120);

/// Waits until the server has no work left, then reads everything.
pub async fn read_out(last: &Visitor) -> Evidence {
    let client = &last.client;
    for trigger in ALARMS {
        client.post(&format!("alarms/{trigger}/pause"), &json!({})).await.expect(200);
    }
    let begun = Instant::now();
    while !is_quiet(last).await && begun.elapsed() < LONGEST {
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    last.look_at_ticks().await.expect("a server that runs");

    let listed = pages(client, "activations?docs=true").await;
    let callbacks = pages(client, "callbacks?").await;
    let seen = std::mem::take(&mut *last.ledger.lock().expect("no panic while it is held"));
    let mut evidence = Evidence { seen, lives: last.life + 1, listed, callbacks, ..Evidence::default() };
    for id in evidence.seen.records.keys() {
        evidence.again.insert(id.clone(), client.get(&format!("activations/{id}")).await.json());
    }
    for site in Site::ALL {
        evidence.deliveries.extend(last.sites.of(site).received().iter().map(|request| Delivery {
            webhook_id: request.header("webhook-id").unwrap_or_default().to_owned(),
            activation: request.header("x-wask-activation-id").unwrap_or_default().to_owned(),
        }));
    }
    evidence
}

/// Whether all accepted activations have ended, no callback is open, and no other activation runs.
async fn is_quiet(last: &Visitor) -> bool {
    let ids: Vec<String> = {
        let seen = last.ledger.lock().expect("no panic while it is held");
        seen.accepted.iter().map(|accepted| accepted.id.clone()).filter(|id| !seen.records.contains_key(id)).collect()
    };
    for id in ids {
        let answer = last.client.get(&format!("activations/{id}")).await;
        if answer.status != 200 {
            return false;
        }
        last.ledger.lock().expect("no panic while it is held").records.insert(id, answer.json());
    }
    for state in ["waiting", "pending", "in_flight"] {
        if count(&last.client, &format!("callbacks?state={state}&count=true"), "callbacks").await != 0 {
            return false;
        }
    }
    let before = count(&last.client, "activations?count=true", "activations").await;
    tokio::time::sleep(Duration::from_millis(1500)).await; // longer than any wait between two attempts here
    before == count(&last.client, "activations?count=true", "activations").await
}

async fn count(client: &Client, path: &str, of: &str) -> u64 {
    client.get(path).await.expect(200).json()[of].as_u64().expect("a number")
}

async fn pages(client: &Client, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let page = client.get(&format!("{path}&limit=200&skip={}", all.len())).await.expect(200).json();
        let page = page.as_array().expect("a list").clone();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}
