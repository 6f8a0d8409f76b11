//! Guests and callers that fill the memory, and guests that fill the places.

use reqwest::Method;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::guests::UNLIMITED;
use super::storm::{sockets, storm};
use super::{Attack, Noted, Target};
use crate::{guest, wat};

/// Few places, so that a story can fill them.
const FEW_PLACES: &[(&str, &str)] = &[
    ("WASK_LIMITS__CONCURRENT_INVOCATIONS", "0"),
    ("WASK_LIMITS__INVOCATIONS_PER_MINUTE", "0"),
    ("WASK_SANDBOX__MAX_INSTANCES", "40"),
    ("WASK_QUEUE__CONCURRENT_RUNS", "30"),
];

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        Attack { name: "six guests of 900 MiB", settings: UNLIMITED, launch: |on| Box::pin(greedy_guests(on)) },
        Attack { name: "more guests than places", settings: FEW_PLACES, launch: |on| Box::pin(many_guests(on)) },
        Attack { name: "readers that do not read", settings: UNLIMITED, launch: |on| Box::pin(lazy_readers(on)) },
    ]
}

/// Six guests that take all the memory they can get, write to every page and hold it.
async fn greedy_guests(on: Target) -> Noted {
    let limits = json!({ "limits": { "timeout": 5000, "memory": on.count(400, 900) } });
    on.attacker.create_action_with("hold", &wat("memory-hold"), limits).await;
    let counts = storm(&on, 6, |on, _| async move {
        let path = "/api/v1/namespaces/_/actions/hold?blocking=true";
        on.attacker.try_send(on.attacker.request(Method::POST, path)).await
    });
    counts.await.to_string()
}

/// Three times as many sleeping guests as there are places.
async fn many_guests(on: Target) -> Noted {
    on.attacker.create_action_with("sleeper", &guest("sleeper"), json!({})).await;
    let counts = storm(&on, 120, |on, _| async move {
        let request = on.attacker.request(Method::POST, "/api/v1/namespaces/_/actions/sleeper?blocking=true");
        on.attacker.try_send(request.json(&json!({ "ms": 500 }))).await
    });
    counts.await.to_string()
}

/// Clients that ask for long lists of large records and never read the answers.
async fn lazy_readers(on: Target) -> Noted {
    on.attacker.create_action("big", &guest("big-result")).await;
    let records = on.count(20, 100);
    for _ in 0..records {
        on.attacker.invoke("big", &json!({ "size": 1_000_000 })).await.expect(200);
    }
    let mut streams = sockets(&on, on.count(12, 48), b"").await;
    let request = on.attacker.request(Method::GET, "/api/v1/namespaces/_/activations?docs=true&limit=200");
    let request = request.build().expect("a request");
    let auth = request.headers()["authorization"].to_str().expect("Basic").to_owned();
    let head = format!(
        "GET {}?{} HTTP/1.1\r\nHost: {}\r\nAuthorization: {auth}\r\n\r\n",
        request.url().path(),
        request.url().query().unwrap_or_default(),
        on.address
    );
    for stream in &mut streams {
        let _ = stream.write_all(head.as_bytes()).await; // the server may have closed it
    }
    tokio::time::sleep(on.rest()).await;
    format!("{} readers, {records} records of 1 MB", streams.len())
}
