//! A disk with little room: whoever fills it is refused first, then everybody, and work that was accepted is recorded.
//! threats.md T35.

use std::path::Path;

use reqwest::Method;
use serde_json::json;
use wask_tests::{Client, ServerProcess, data_folder, guest};

use super::{UNLIMITED, try_invoke};

/// Free bytes of the disk that the data folder is on.
fn free(folder: &Path) -> u64 {
    let disk = rustix::fs::statvfs(folder).unwrap();
    disk.f_bavail * disk.f_frsize
}

/// The same server again, with a bound of free bytes.
async fn with_bound(mut wask: ServerProcess, bound: u64) -> ServerProcess {
    let data = wask.kill().await;
    let bound = bound.to_string();
    let settings = [&UNLIMITED[..], &[("WASK_STORE__MIN_FREE_BYTES", bound.as_str())]].concat();
    ServerProcess::start("serve", &[], &settings, data).await
}

/// The status of every way to have something new stored: an action, a trigger, an invocation, a firing.
async fn asked_to_store(me: &Client) -> [u16; 4] {
    let status = async |request: reqwest::RequestBuilder| me.send(request).await.status.as_u16();
    let path = |path: &str| format!("/api/v1/namespaces/_/{path}");
    [
        status(me.request(Method::PUT, &path("actions/echo?overwrite=true")).json(&json!({ "publish": false }))).await,
        status(me.request(Method::PUT, &path("triggers/new?overwrite=true")).json(&json!({}))).await,
        status(me.request(Method::POST, &path("actions/echo")).json(&json!({}))).await,
        status(me.request(Method::POST, &path("triggers/bell")).json(&json!({}))).await,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn t35_who_fills_the_disk_is_refused_first_then_everybody_and_reads_go_on() {
    let data = std::sync::Arc::new(data_folder());
    let room = free(data.path());
    let wask = ServerProcess::start("serve", &[], &UNLIMITED, data).await;
    let (me, other) = (wask.guest().await, wask.create_namespace("other"));
    for client in [&me, &other] {
        client.create_action("echo", &guest("echo")).await;
        client.create_trigger("bell").await;
    }
    let much = json!({ "parameters": [{ "key": "much", "value": "x".repeat(500_000) }] });
    me.put("triggers/much", &much).await.expect(200);
    let accepted = try_invoke(&me, &json!({ "n": 1 })).await.unwrap();
    me.ended(&accepted).await;

    let wask = with_bound(wask, room / 4 * 5).await; // about four fifths of it are free
    let (me, other) = (wask.guest().await, Client::new(wask.base(), other.auth.clone(), "other"));
    assert_eq!(asked_to_store(&me).await, [503; 4], "it stores most");
    assert_eq!(asked_to_store(&other).await, [200, 200, 202, 204]);
    let refused = me.put("triggers/new", &json!({})).await.expect(503);
    assert!(refused.error().contains("fewer than store.min_free_bytes ("), "{}", refused.error());

    let wask = with_bound(wask, room * 4).await;
    let (me, other) = (wask.guest().await, Client::new(wask.base(), other.auth.clone(), "other"));
    assert_eq!(asked_to_store(&me).await, [503; 4]);
    assert_eq!(asked_to_store(&other).await, [503; 4], "everybody is refused");
    assert_eq!(me.ended(&accepted).await["response"]["result"], json!({ "n": 1 }), "reads go on");
    me.delete("triggers/much").await.expect(200);

    let wask = with_bound(wask, 1).await;
    let me = wask.guest().await;
    assert_eq!(asked_to_store(&me).await, [200, 200, 202, 204], "there is room again");
}

#[tokio::test(flavor = "multi_thread")]
async fn t35_work_that_waits_counts_when_it_is_decided_who_is_refused_first() {
    let data = std::sync::Arc::new(data_folder());
    let room = free(data.path());
    let wask = ServerProcess::start("serve", &[], &UNLIMITED, data).await;
    let (me, other) = (wask.guest().await, wask.create_namespace("other"));
    for client in [&me, &other] {
        client.create_action("echo", &guest("echo")).await;
        client.create_action("sleeper", &guest("sleeper")).await;
        client.create_trigger("bell").await;
    }
    let much = json!({ "parameters": [{ "key": "much", "value": "x".repeat(500_000) }] });
    me.put("triggers/much", &much).await.expect(200);
    for _ in 0..3 {
        let work = json!({ "ms": 50_000, "much": "x".repeat(500_000) });
        other.post("actions/sleeper", &work).await.expect(202);
    }

    let wask = with_bound(wask, room / 4 * 5).await;
    let (me, other) = (wask.guest().await, Client::new(wask.base(), other.auth.clone(), "other"));
    assert_eq!(asked_to_store(&other).await, [503; 4], "its work takes most");
    assert_eq!(asked_to_store(&me).await, [200, 200, 202, 204]);
}
