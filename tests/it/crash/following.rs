//! A client that follows a log across a crash and reconnects gets the log of the next attempt.

use reqwest::Method;
use serde_json::json;
use wask_tests::guest;

use super::{on, running, serve};

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_a_follower_reads_the_next_attempt_from_its_first_line() {
    let (mut wask, me) = serve().await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let id = me.invoke_async("sleeper", &json!({ "ms": 1000 })).await;
    running(&me, &id).await;
    let path = format!("/api/v1/namespaces/_/activations/{id}/logs?follow=true");
    let mut stream = me.request(Method::GET, &path).send().await.unwrap();
    let mut before = String::new();
    while !before.contains("start") {
        before.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().expect("a line")).unwrap());
    }
    assert!(before.starts_with("id: 0\n"), "{before}");

    let (_wask, me) = on(wask.kill().await).await;

    let after = me.send(me.request(Method::GET, &path).header("last-event-id", "0")).await.expect(200).text();
    let events: Vec<&str> = after.split("\n\n").filter(|event| !event.is_empty()).collect();
    assert_eq!(events[0], "event: attempt\ndata: {\"attempt\":2}", "{after}");
    assert!(events[1].starts_with("id: 2.0\n") && events[1].ends_with(": start"), "{after}");
    assert!(events[2].starts_with("id: 2.1\n") && events[2].ends_with(": end"), "{after}");
    assert!(events[3].starts_with("event: end\n"), "{after}");
    let rest = me.send(me.request(Method::GET, &path).header("last-event-id", "2.0")).await.expect(200).text();
    assert!(rest.starts_with("id: 2.1\n"), "{rest}");
}
