//! Following a log while it is written: server-sent events.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use wask_tests::{Client, TestServer, annotation, guest};

use super::{SECOND, in_state, retry, started};

/// One event of a stream.
#[derive(Debug, Default, PartialEq)]
struct Event {
    name: String,
    id: Option<String>,
    data: String,
}

/// A stream that is being read.
struct Following {
    response: reqwest::Response,
    text: String,
}

impl Following {
    async fn of(client: &Client, id: &str, last: Option<u64>) -> Self {
        let path = format!("/api/v1/namespaces/_/activations/{id}/logs?follow=true");
        let mut headers = HeaderMap::new();
        if let Some(last) = last {
            headers.insert("last-event-id", last.into());
        }
        let request =
            client.request(reqwest::Method::GET, &path).header("accept", "text/event-stream").headers(headers);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Following { response, text: String::new() }
    }

    /// The next event, or `None` at the end of the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let mut found = Event::default();
                for line in event.lines() {
                    match line.split_once(": ") {
                        Some(("event", name)) => found.name = name.to_owned(),
                        Some(("id", id)) => found.id = Some(id.to_owned()),
                        Some(("data", data)) => found.data = data.to_owned(),
                        _ => (), // a sign of life
                    }
                }
                self.text = rest.to_owned();
                return Some(found);
            }
            let chunk = self.response.chunk().await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Like `next`, while the server's clock advances.
    async fn next_in_time(&mut self, wask: &TestServer) -> Option<Event> {
        let passing = async {
            loop {
                tokio::time::sleep(Duration::from_millis(5)).await;
                wask.advance(SECOND / 4);
            }
        };
        tokio::select! {
            event = self.next() => event,
            () = passing => unreachable!("time does not end"),
        }
    }

    async fn rest(mut self) -> Vec<Event> {
        let mut all = Vec::new();
        while let Some(event) = self.next().await {
            all.push(event);
        }
        all
    }
}

/// The id of a line of a first attempt.
fn line(n: u64) -> Option<String> {
    Some(n.to_string())
}

fn texts(record: &Value) -> Vec<&str> {
    record["logs"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_gets_lines_as_they_are_written_and_then_the_end() {
    let (wask, me) = started().await;
    me.create_action("slow", &guest("slow-lines")).await;
    let id = me.invoke_async("slow", &json!({ "lines": 4, "ms": 1000 })).await;
    in_state(&me, &id, "running").await;
    let mut following = Following::of(&me, &id, None).await;
    for n in 0..3 {
        // A line of standard error is sent as soon as it is written.
        let event = following.next_in_time(&wask).await.unwrap();
        assert_eq!(event.id, line(n));
        assert!(event.data.ends_with(&format!("stderr: line {n}")), "{event:?}");
        assert_eq!(me.state(&id).await, "running");
    }
    assert_eq!(following.next_in_time(&wask).await.unwrap().id, line(3));
    let end = following.next_in_time(&wask).await.unwrap();
    assert_eq!((end.name.as_str(), end.data.as_str()), ("end", r#"{"status":"success","statusCode":0}"#));
    assert_eq!(following.next_in_time(&wask).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_follower_gets_all_lines_and_a_returning_one_continues() {
    let (wask, me) = started().await;
    me.create_action("slow", &guest("slow-lines")).await;
    let id = me.invoke_async("slow", &json!({ "lines": 3, "ms": 1000 })).await;
    in_state(&me, &id, "running").await;
    let mut first = Following::of(&me, &id, None).await;
    for n in 0..2 {
        assert_eq!(first.next_in_time(&wask).await.unwrap().id, line(n));
    }
    drop(first);

    let mut late = Following::of(&me, &id, None).await;
    assert_eq!((late.next().await.unwrap().id, late.next().await.unwrap().id), (line(0), line(1)));
    let mut back = Following::of(&me, &id, Some(0)).await;
    assert_eq!(back.next().await.unwrap().id, line(1));
    assert_eq!(back.next_in_time(&wask).await.unwrap().id, line(2));
    let record = super::ended_in_time(&wask, &id).await;

    let after = Following::of(&me, &id, None).await.rest().await;
    let lines: Vec<&str> = after[..after.len() - 1].iter().map(|event| event.data.as_str()).collect();
    assert_eq!(lines, texts(&record));
    let rest = Following::of(&me, &id, Some(1)).await.rest().await;
    assert_eq!(rest.len(), 2, "line 2 and the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_activation_is_followed_from_its_first_line() {
    let wask =
        TestServer::builder().clock_by_hand(super::START).configure(|c| c.queue.concurrent_runs = 1).start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    me.create_action("lines", &guest("log-lines")).await;
    let first = me.invoke_async("sleeper", &json!({ "ms": 1000 })).await;
    in_state(&me, &first, "running").await;
    let id = me.invoke_async("lines", &json!({ "lines": 2 })).await;
    let following = Following::of(&me, &id, None).await;
    wask.advance(SECOND);
    let events = following.rest().await;
    let record = me.ended(&id).await;
    assert_eq!(events.len(), texts(&record).len() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_of_a_retry_gets_an_attempt_event_and_a_new_log() {
    let (wask, me) = started().await;
    let mut more = retry(json!({ "attempts": 2, "delayMs": 1000 }));
    more["limits"] = json!({ "timeout": 1000 });
    me.create_action_with("sleeper", &guest("sleeper"), more).await;
    let id = me.invoke_async("sleeper", &json!({ "ms": 60_000 })).await;
    in_state(&me, &id, "running").await;
    let mut following = Following::of(&me, &id, None).await;
    let begun = following.next().await.unwrap();
    assert!(begun.id == line(0) && begun.data.ends_with(": start"), "{begun:?}");
    let mut events = Vec::new();
    while let Some(event) = following.next_in_time(&wask).await {
        events.push(event);
    }

    let at = events.iter().position(|event| event.name == "attempt").expect("an event that announces the attempt");
    assert_eq!(events[at].data, r#"{"attempt":2}"#);
    assert!(events[..at].iter().zip(1..).all(|(event, n)| event.id == line(n)), "{events:?}");
    let (end, second) = events[at + 1..].split_last().unwrap();
    let (ids, lines): (Vec<_>, Vec<_>) = second.iter().map(|event| (event.id.clone(), event.data.as_str())).unzip();
    assert_eq!(ids, (0..second.len()).map(|n| Some(format!("2.{n}"))).collect::<Vec<_>>());
    assert!(lines[0].ends_with(": start"), "{lines:?}");
    let record = me.ended(&id).await;
    assert_eq!((lines, annotation(&record, "attempts")), (texts(&record), Some(json!(2))));
    assert_eq!(
        (end.name.as_str(), end.data.as_str()),
        ("end", r#"{"status":"action developer error","statusCode":2}"#)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_cannot_follow_another_namespaces_activation() {
    let (wask, me) = started().await;
    me.create_action("echo", &guest("echo")).await;
    let id = me.invoke_async("echo", &json!({})).await;
    me.ended(&id).await;
    let other = wask.other("somebody").await;
    other.get(&format!("activations/{id}/logs?follow=true")).await.expect(404);
    me.get("activations/0123456789abcdef0123456789abcdef/logs?follow=true").await.expect(404);
    me.get(&format!("activations/{id}/logs?follow=perhaps")).await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_does_not_wait_for_followers() {
    let wask =
        TestServer::builder().clock_by_hand(super::START).configure(|c| c.server.grace_ms = 60_000).start().await;
    let me = wask.guest();
    me.create_action_with("error", &guest("error"), retry(json!({ "delayMs": 3_600_000 }))).await;
    let id = me.invoke_async("error", &json!({ "error": "no" })).await;
    in_state(&me, &id, "retrying").await; // nothing runs that could hold the stop
    let following = tokio::spawn(Following::of(&me, &id, None).await.rest());

    let stopped = tokio::time::timeout(Duration::from_secs(20), wask.stop()).await;

    stopped.expect("the stream is closed long before the time to stop is over");
    assert_eq!(following.await.unwrap(), [], "the follower returns");
}
