//! Callers that fill the disk.

use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;

use super::guests::UNLIMITED;
use super::storm::storm;
use super::{Attack, Noted, Target};
use crate::guest;

/// Quotas that an attack reaches at once.
const SMALL_QUOTAS: &[(&str, &str)] = &[("WASK_LIMITS__ENTITIES", "40"), ("WASK_LIMITS__ENTITIES_BYTES", "10000000")];

const SMALL_CALLBACKS: [(&str, &str); 3] =
    [UNLIMITED[1], ("WASK_LIMITS__CALLBACK_BYTES", "1000000"), ("WASK_EGRESS__ALLOW_PRIVATE", "true")];

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        Attack { name: "entities without end", settings: SMALL_QUOTAS, launch: |on| Box::pin(many_entities(on)) },
        Attack { name: "callbacks to nobody", settings: &SMALL_CALLBACKS, launch: |on| Box::pin(many_callbacks(on)) },
        Attack { name: "alarms every second", settings: UNLIMITED, launch: |on| Box::pin(many_alarms(on)) },
    ]
}

/// Eight clients that PUT triggers with large parameters, each under a name of its own.
async fn many_entities(on: Target) -> Noted {
    let body = json!({ "parameters": [{ "key": "much", "value": "x".repeat(on.count(200_000, 900_000)) }] });
    let counts = storm(&on, 8, move |on, number| {
        let body = body.clone();
        async move {
            let request = on.attacker.request(Method::PUT, &format!("/api/v1/namespaces/_/triggers/t{number}"));
            on.attacker.try_send(request.json(&body)).await
        }
    });
    counts.await.to_string()
}

/// Eight clients that ask to be called back with large results, by a receiver that is not there.
async fn many_callbacks(on: Target) -> Noted {
    on.attacker.create_action("echo", &guest("echo")).await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.and_then(|socket| socket.local_addr()).expect("a free port");
    let callback = json!({ "http": { "url": format!("http://{nobody}/"), "payload": "result" } });
    let body = json!({ "much": "x".repeat(on.count(50_000, 900_000)), "__ow_callback": callback });
    let asked = body.clone();
    let counts = storm(&on, 8, move |on, _| {
        let body = asked.clone();
        async move {
            let request = on.attacker.request(Method::POST, "/api/v1/namespaces/_/actions/echo");
            on.attacker.try_send(request.json(&body)).await
        }
    });
    let counts = counts.await;
    let last = on.attacker.post("actions/echo", &body).await;
    format!("{counts}; then {} {}", last.status.as_u16(), last.error())
}

/// As many alarms as a namespace may have, each due every second, with a large payload and a slow action.
async fn many_alarms(on: Target) -> Noted {
    let me = &on.attacker;
    me.create_action("sleeper", &guest("sleeper")).await;
    let alarms = on.count(20, 190);
    let mut made = 0;
    while made < alarms && on.lasts() {
        let trigger = format!("t{made}");
        me.create_alarm(&trigger, "* * * * * *", json!({ "ms": 5000, "much": "x".repeat(50_000) })).await;
        me.create_rule(&format!("r{made}"), &trigger, "sleeper").await;
        made += 1;
    }
    tokio::time::sleep(on.rest()).await;
    for n in 0..made {
        me.alarm("DELETE", &format!("t{n}"), json!({})).await;
    }
    format!("{made} alarms with 50 KB each")
}
