//! The retries of a callback that was not delivered. feeds.md §C.6.

use std::time::Duration;

use serde_json::{Value, json};
use wask_tests::{Receiver, Reply, TestServer, eventually, guest};

use super::{SECOND, START, callback, in_state, invoke, seconds_until, started};

fn with_retry(url: &str, retry: Value) -> Value {
    json!({ "__ow_callback": { "http": { "url": url }, "retry": retry } })
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_10_s2_11_s2_13_by_default_it_fails_after_six_attempts_a_minute_apart() {
    let (wask, me, receiver) = started().await;
    receiver.otherwise(Reply::Full(503, vec![], "busy".into()));
    let (id, cb) = invoke(&me, "echo", &super::calling(&receiver.url("/"))).await;

    receiver.received_at_least(1).await;
    let came = seconds_until(&wask, &receiver, 6).await;

    assert_eq!(came, [60, 120, 180, 240, 300]);
    let known = in_state(&me, &cb, "failed").await;
    assert_eq!((&known["failedAttempts"], &known["nextAttemptAt"]), (&json!(6), &Value::Null));
    let attempts = known["attempts"].as_array().unwrap();
    let numbers: Vec<_> = attempts.iter().map(|a| a["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    for attempt in attempts {
        assert_eq!(
            (&attempt["statusCode"], &attempt["error"], &attempt["responseBody"]),
            (&json!(503), &json!("http_status"), &json!("busy"))
        );
    }
    wask.advance(Duration::from_secs(24 * 3600));
    receiver.next([Reply::Status(200)]);
    let (_, last) = invoke(&me, "echo", &super::calling(&receiver.url("/last"))).await;
    in_state(&me, &last, "delivered").await;
    let mut received = receiver.received();
    assert_eq!(received.pop().unwrap().target, "/last");
    assert_eq!(received.len(), 6, "for good");
    assert!(received.iter().all(|r| r.header("webhook-id") == Some(cb.as_str())), "one id over all attempts");
    let numbers: Vec<_> = received.iter().map(|r| r.header("x-wask-attempt").unwrap().to_owned()).collect();
    assert_eq!(numbers, ["1", "2", "3", "4", "5", "6"]);
    let times: std::collections::BTreeSet<_> = received.iter().map(|r| r.header("webhook-signature")).collect();
    assert_eq!(times.len(), 6, "each attempt is signed for its own time");
    let status = me.get(&format!("activations/{id}/status")).await.json();
    assert_eq!(status["callbacks"], json!([{ "id": cb, "state": "failed" }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_9_to_s3_12_waits_are_constant_linear_or_squared() {
    for (mode, waits) in [
        (json!("constant"), [30, 60, 90, 120, 150]),
        (json!("linear"), [30, 90, 180, 300, 450]),
        (json!("squared"), [30, 150, 420, 900, 1650]),
        (json!(2), [30, 150, 420, 900, 1650]),
    ] {
        let (wask, me, receiver) = started().await;
        receiver.otherwise(Reply::Status(500));
        let retry = json!({ "mode": mode, "intervalSeconds": 30, "maxRetries": 5 });
        let (_, cb) = invoke(&me, "echo", &with_retry(&receiver.url("/"), retry)).await;
        receiver.received_at_least(1).await;
        assert_eq!(seconds_until(&wask, &receiver, 6).await, waits, "{mode}");
        in_state(&me, &cb, "failed").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_7_any_2xx_delivers_whatever_its_body() {
    let (_wask, me, receiver) = started().await;
    for (n, reply) in
        [(1, Reply::Status(202)), (2, Reply::Status(204)), (3, Reply::Full(299, vec![], "{no json".into()))]
    {
        receiver.next([reply]);
        let (_, cb) = invoke(&me, "echo", &super::calling(&receiver.url("/"))).await;
        let known = in_state(&me, &cb, "delivered").await;
        assert_eq!((&known["failedAttempts"], &known["attempts"][0]["error"]), (&json!(0), &Value::Null));
        assert_eq!(receiver.received().len(), n);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed_and_counts_as_a_failure() {
    let (_wask, me, receiver) = started().await;
    let elsewhere = Receiver::start().await;
    for status in [301, 302, 303, 307, 308] {
        receiver.next([Reply::Full(status, vec![("location", elsewhere.url("/"))], String::new())]);
        let retry = json!({ "maxRetries": 0 });
        let (_, cb) = invoke(&me, "echo", &with_retry(&receiver.url("/"), retry)).await;
        let known = in_state(&me, &cb, "failed").await;
        assert_eq!(known["attempts"][0]["statusCode"], status);
    }
    assert!(elsewhere.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_9_a_closed_port_is_retried_until_a_server_listens() {
    let (wask, me, receiver) = started().await;
    let (url, address) = (receiver.url("/"), receiver.address());
    drop(receiver);
    let (_, cb) = invoke(&me, "echo", &with_retry(&url, json!({ "intervalSeconds": 5 }))).await;
    let failed = eventually("an attempt failed", || async {
        let known = callback(&me, &cb).await;
        (known["failedAttempts"] == 1).then_some(known)
    })
    .await;
    assert_eq!((&failed["state"], &failed["attempts"][0]["error"]), (&json!("pending"), &json!("connect_failure")));
    assert_eq!(failed["attempts"][0]["statusCode"], Value::Null);

    let receiver = Receiver::start_on(address).await;
    wask.advance(5 * SECOND);

    let known = in_state(&me, &cb, "delivered").await;
    assert_eq!((known["attempts"].as_array().unwrap().len(), receiver.received().len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_can_ask_for_more_time_up_to_an_hour() {
    for (status, after, waited) in
        [(429, "90", 90), (503, "90", 90), (429, "1", 60), (500, "90", 60), (429, "315360000", 3600)]
    {
        let (wask, me, receiver) = started().await;
        receiver.next([Reply::Full(status, vec![("retry-after", after.into())], String::new())]);
        let (_, cb) = invoke(&me, "echo", &super::calling(&receiver.url("/"))).await;
        receiver.received_at_least(1).await;
        assert_eq!(seconds_until(&wask, &receiver, 2).await, [waited], "{status} Retry-After: {after}");
        in_state(&me, &cb, "delivered").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_12_s2_14_the_servers_settings_apply_where_none_is_given() {
    let configured = |config: &mut wask::config::Config| {
        config.callbacks.retry_interval_seconds = 2;
        config.callbacks.max_retries = 1;
    };
    let wask = TestServer::builder().clock_by_hand(START).configure(configured).start().await;
    let (me, receiver) = (wask.guest(), Receiver::start().await);
    me.create_action("echo", &guest("echo")).await;
    receiver.otherwise(Reply::Status(500));
    let (_, cb) = invoke(&me, "echo", &super::calling(&receiver.url("/"))).await;
    receiver.received_at_least(1).await;
    assert_eq!(seconds_until(&wask, &receiver, 2).await, [2]);
    let known = in_state(&me, &cb, "failed").await;
    assert_eq!(known["retry"], json!({ "mode": "constant", "intervalSeconds": 2, "maxRetries": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_ends_at_its_time_limit() {
    let (_wask, me, receiver) = started().await;
    receiver.otherwise(Reply::Silence);
    let asked = json!({ "__ow_callback": { "http": { "url": receiver.url("/"), "timeoutMs": 1000 }, "retry": { "maxRetries": 0 } } });
    let (_, cb) = invoke(&me, "echo", &asked).await;
    let known = in_state(&me, &cb, "failed").await;
    assert_eq!(known["attempts"][0]["error"], "timeout");
}
