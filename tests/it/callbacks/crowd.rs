//! Receivers that misbehave do not affect other callbacks or invocations. feeds.md §C.6; threats.md T19.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use wask_tests::{Receiver, Reply, eventually, guest};

use super::{calling, in_state, invoke, started};

#[tokio::test(flavor = "multi_thread")]
async fn s2_8_a_slow_receiver_delays_no_other_callback_or_invocation() {
    let (_wask, me, slow) = started().await;
    slow.otherwise(Reply::Silence);
    let quick = Receiver::start().await;
    for _ in 0..30 {
        let held = json!({ "__ow_callback": { "http": { "url": slow.url("/"), "timeoutMs": 60_000 } } });
        invoke(&me, "echo", &held).await;
    }
    slow.received_at_least(8).await;

    let begun = Instant::now();
    for n in 0..50 {
        me.invoke("echo", &json!({ "n": n })).await.expect(200);
        invoke(&me, "echo", &calling(&quick.url("/"))).await;
    }
    quick.received_at_least(50).await;

    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}: they waited for the slow one", begun.elapsed());
    assert_eq!(slow.received().len(), 8, "one site has as many attempts under way as it may have");
    eventually("only attempts at the slow receiver run", || async {
        let in_flight = me.get("callbacks?state=in_flight&count=true").await.json();
        (in_flight == json!({ "callbacks": 8 })).then_some(())
    })
    .await;
    assert_eq!(me.get("callbacks?state=pending&count=true").await.json(), json!({ "callbacks": 22 }));
}

/// A server that answers every connection with `head`, and then sends `drip` forever.
async fn dripping(head: &'static str, drip: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                if stream.write_all(head.as_bytes()).await.is_err() {
                    return;
                }
                while stream.write_all(drip).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            });
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_body_does_not_change_a_success() {
    let (_wask, me, _) = started().await;
    let endless = dripping("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n").await;
    let huge = dripping("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", &[b'x'; 65536]).await;
    let drip = dripping("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x").await;
    for url in [endless, huge, drip] {
        let (_, cb) = invoke(&me, "echo", &calling(&url)).await;
        let known = in_state(&me, &cb, "delivered").await;
        assert!(known["attempts"][0]["responseBody"].as_str().unwrap().len() <= 1024);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_head_is_a_timeout_and_a_malformed_one_a_failure() {
    let (_wask, me, _) = started().await;
    let once = |url: &str| json!({ "__ow_callback": { "http": { "url": url, "timeoutMs": 1000 }, "retry": { "maxRetries": 0 } } });
    let drip = dripping("HTTP/1.1 200 OK\r\n", b"X").await;
    let (_, cb) = invoke(&me, "echo", &once(&drip)).await;
    let error = in_state(&me, &cb, "failed").await["attempts"][0]["error"].clone();
    assert!(error == "timeout" || error == "connect_failure", "{error}");
    let nonsense = dripping("SSH-2.0-OpenSSH_9.2\r\n", b"\r\n").await;
    let (_, cb) = invoke(&me, "echo", &once(&nonsense)).await;
    assert_eq!(in_state(&me, &cb, "failed").await["attempts"][0]["error"], "connect_failure");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_has_at_most_ten_thousand_undelivered_callbacks() {
    let (wask, me, receiver) = started().await;
    wask.fill_with_callbacks("guest", 10_000).await;
    let refused = me.post("actions/echo", &calling(&receiver.url("/"))).await.expect(429);
    assert!(refused.error().contains("10000"), "{}", refused.error());
    assert!(refused.header("retry-after").is_some());
    me.post("actions/echo", &json!({})).await.expect(202);
    let other = wask.other("somebody").await;
    other.create_action("echo", &guest("echo")).await;
    invoke(&other, "echo", &calling(&receiver.url("/other"))).await;
    assert_eq!(receiver.received_at_least(1).await[0].target, "/other");
}

#[tokio::test(flavor = "multi_thread")]
async fn undelivered_callbacks_are_bounded_in_bytes_and_there_is_room_again_when_they_are_over() {
    let (wask, me, receiver) = started().await;
    me.create_trigger("bell").await;
    me.create_rule("rings", "bell", "echo").await;
    let callback = json!({ "http": { "url": receiver.url("/"), "payload": "result" } });
    let asking = json!({ "text": "x".repeat(8000), "__ow_callback": callback });
    let (_, delivered) = invoke(&me, "echo", &asking).await;
    in_state(&me, &delivered, "delivered").await;
    receiver.otherwise(Reply::Status(503));
    wask.set_limits("guest", &[("callback_bytes", "50_000")]).await;
    assert_eq!(me.get("limits").await.expect(200).json()["maxCallbacksSize"], "50000 B");

    let mut pending = Vec::new();
    let refused = loop {
        let answer = me.post("actions/echo", &asking).await;
        if answer.status != 202 {
            break answer.expect(429);
        }
        me.ended(answer.json()["activationId"].as_str().unwrap()).await; // now its result waits for the receiver
        pending.push(answer.header("x-wask-callback-id").unwrap().to_owned());
    };

    assert!((6..15).contains(&pending.len()), "{}: the results of the last did not fit", pending.len());
    let (error, begin) = (refused.error(), "Undelivered callbacks of the namespace would be larger than allowed: 5");
    assert!(error.starts_with(begin) && error.ends_with(" > 50000 bytes (limits.callback_bytes)."), "{error}");
    assert!(refused.header("retry-after").is_some());
    let accepted = me.get("activations?count=true").await.json();
    me.post("triggers/bell", &asking).await.expect(429);
    me.post(&format!("callbacks/{delivered}/retry"), &json!({})).await.expect(429);
    assert_eq!(me.get("activations?count=true").await.json(), accepted, "what is refused leaves nothing");
    me.post("actions/echo", &json!({})).await.expect(202);
    let other = wask.other("somebody").await;
    other.create_action("echo", &guest("echo")).await;
    invoke(&other, "echo", &asking).await;

    me.delete(&format!("callbacks/{}", pending[0])).await.expect(200);
    invoke(&me, "echo", &asking).await;
    wask.set_limits("guest", &[("callback_bytes", "0")]).await;
    me.post("actions/echo", &asking).await.expect(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_does_not_fit_into_the_bound_is_left_out_of_the_callback_and_stands_in_the_record() {
    let (wask, me, receiver) = started().await;
    wask.set_limits("guest", &[("callback_bytes", "10_000")]).await;
    let callback = json!({ "http": { "url": receiver.url("/"), "payload": "result" } });
    let asking = |size: usize| json!({ "text": "x".repeat(size), "__ow_callback": callback });
    let (_, fits) = invoke(&me, "echo", &asking(1000)).await;
    in_state(&me, &fits, "delivered").await;
    let (large, shortened) = invoke(&me, "echo", &asking(20_000)).await;
    in_state(&me, &shortened, "delivered").await;

    let told = receiver.received();
    let seen: Vec<_> = told.iter().map(|it| (it.header("x-wask-incomplete"), it.json()["result"].clone())).collect();
    assert_eq!(seen, [(None, json!({ "text": "x".repeat(1000) })), (Some("true"), json!({}))]);
    assert_eq!((&told[1].json()["activationId"], &told[1].json()["status"]), (&json!(large), &json!("success")));
    assert_eq!(me.ended(&large).await["response"]["result"], json!({ "text": "x".repeat(20_000) }));
}
