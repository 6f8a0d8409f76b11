//! Bodies that are expensive to read, and lists that are expensive to write.

use reqwest::Method;
use serde_json::json;

use super::guests::UNLIMITED;
use super::storm::storm;
use super::{Attack, Noted, Target};
use crate::wat;

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        Attack { name: "300,000 small parameters", settings: &[], launch: |on| Box::pin(many_parameters(on)) },
        Attack { name: "20 MiB of small numbers", settings: &[], launch: |on| Box::pin(small_numbers(on)) },
        Attack { name: "bodies as large as they may be", settings: &[], launch: |on| Box::pin(largest_bodies(on)) },
        Attack { name: "large pages in parallel", settings: UNLIMITED, launch: |on| Box::pin(large_pages(on)) },
        Attack { name: "deep skips in lists", settings: UNLIMITED, launch: |on| Box::pin(deep_skips(on)) },
    ]
}

/// Two clients PUT a trigger with very many parameters.
async fn many_parameters(on: Target) -> Noted {
    let parameters: Vec<_> =
        (0..on.count(60_000, 300_000)).map(|n| json!({ "key": format!("k{n}"), "value": 1 })).collect();
    put(&on, 2, json!({ "parameters": parameters }).to_string()).await
}

/// Four clients PUT a trigger whose parameter is a long array of one-digit numbers.
async fn small_numbers(on: Target) -> Noted {
    let numbers = "1,".repeat(on.count(2 << 20, 10 << 20));
    put(&on, 4, format!(r#"{{"parameters":[{{"key":"a","value":[{numbers}1]}}]}}"#)).await
}

/// Sixteen clients PUT nearly as many values and bytes as a body may have.
async fn largest_bodies(on: Target) -> Noted {
    let numbers = "12345,".repeat(170_000);
    put(&on, 16, format!(r#"{{"parameters":[{{"key":"a","value":[{numbers}1]}}]}}"#)).await
}

async fn put(on: &Target, clients: usize, body: String) -> Noted {
    let body = bytes::Bytes::from(body);
    let counts = storm(on, clients, move |on, number| {
        let body = body.clone();
        async move {
            let path = format!("/api/v1/namespaces/_/triggers/t{}?overwrite=true", number % 4);
            let request = on.attacker.request(Method::PUT, &path).header("content-type", "application/json");
            on.attacker.try_send(request.body(body)).await
        }
    });
    counts.await.to_string()
}

/// Sixteen clients list actions with large annotations and parameters, as long as a page may be, and count them.
async fn large_pages(on: Target) -> Noted {
    let (some, text) = (on.count(3, 100), "x".repeat(on.count(200_000, 1_000_000)));
    for number in 0..some {
        let body = json!({
            "exec": { "kind": "wasm:1", "code": "" },
            "annotations": [{ "key": "a", "value": text }],
            "parameters": [{ "key": "a", "value": text }],
        });
        on.attacker.put(&format!("actions/a{number}"), &body).await.expect(200);
    }
    let counts = storm(&on, 16, |on, number| async move {
        let path = if number % 4 == 0 { "actions?count=true" } else { "actions?limit=200" };
        on.attacker.try_send(on.attacker.request(Method::GET, &format!("/api/v1/namespaces/_/{path}"))).await
    });
    counts.await.to_string()
}

/// Sixteen clients list the activations from far behind, with whole records.
async fn deep_skips(on: Target) -> Noted {
    on.attacker.create_action("a", &wat("result-then-exit-0")).await;
    for _ in 0..on.count(50, 300) {
        on.attacker.invoke("a", &json!({})).await.expect(200);
    }
    let counts = storm(&on, 16, |on, _| async move {
        let path = "/api/v1/namespaces/_/activations?docs=true&limit=200&skip=100000000";
        on.attacker.try_send(on.attacker.request(Method::GET, path)).await
    });
    counts.await.to_string()
}
