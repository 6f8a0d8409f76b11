//! The places for a callback in a request, and the refusals. feeds.md §C.1 to §C.3.

use serde_json::{Value, json};
use wask_tests::{Client, guest};

use super::{bodies, calling, in_state, invoke, started, with_headers};

#[tokio::test(flavor = "multi_thread")]
async fn s2_1_s2_3_a_url_in_the_body_is_called_and_hidden_from_the_action() {
    let (_wask, me, receiver) = started().await;
    let answer =
        me.post("actions/echo", &json!({ "order": 42, "__ow_callback": receiver.url("/done") })).await.expect(202);
    let id = answer.json()["activationId"].as_str().unwrap().to_owned();
    assert_eq!(answer.json(), json!({ "activationId": id }));
    let callback = answer.header("x-wask-callback-id").unwrap().to_owned();
    assert!(callback.starts_with("cb_") && callback.len() == 35, "{callback}");

    let received = receiver.received_at_least(1).await;

    assert_eq!(received[0].json()["activationId"], id);
    assert_eq!(received[0].header("webhook-id"), Some(callback.as_str()));
    assert_eq!(me.ended(&id).await["response"]["result"], json!({ "order": 42 }));
    in_state(&me, &callback, "delivered").await;
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_can_carry_the_callback_in_place_of_the_body() {
    let (_wask, me, receiver) = started().await;
    let url = receiver.url("/done");
    let options = r#"{"correlationId":"order-42","retry":{"mode":"linear"},"http":{"headers":{"X-A":"b"}}}"#;
    let headers = [("X-Wask-Callback", url.as_str()), ("X-Wask-Callback-Options", options)];

    let answer = with_headers(&me, "actions/echo", &headers, &json!({})).await.expect(202);

    let received = receiver.received_at_least(1).await;
    assert_eq!(
        (received[0].header("x-a"), received[0].json()["correlationId"].clone()),
        (Some("b"), json!("order-42"))
    );
    let known = in_state(&me, answer.header("x-wask-callback-id").unwrap(), "delivered").await;
    assert_eq!(known["retry"], json!({ "mode": "linear", "intervalSeconds": 60, "maxRetries": 5 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_caller_gets_its_answer_and_the_callback_is_sent() {
    let (_wask, me, receiver) = started().await;
    me.create_action("error", &guest("error")).await;

    let ok = me.invoke("echo", &json!({ "a": 1, "__ow_callback": receiver.url("/ok") })).await.expect(200);
    let bad = me.invoke("error", &json!({ "__ow_callback": receiver.url("/bad") })).await.expect(502);

    assert_eq!(ok.json()["response"]["result"], json!({ "a": 1 }));
    assert!(ok.header("x-wask-callback-id").is_some() && bad.header("x-wask-callback-id").is_some());
    let mut told: Vec<_> = receiver.received_at_least(2).await.iter().map(|r| r.target.clone()).collect();
    told.sort();
    assert_eq!(told, ["/bad", "/ok"]);
}

async fn refused(me: &Client, callback: Value) -> String {
    let answer = me.post("actions/echo", &json!({ "__ow_callback": callback })).await.expect(400);
    assert_eq!(answer.header("x-wask-callback-id"), None);
    answer.error()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_callback_is_refused_by_path_and_nothing_runs() {
    let (_wask, me, receiver) = started().await;
    let url = receiver.url("/done");
    for (callback, sentence) in [
        (json!("ftp://hooks.example.com/"), "callback.http.url must be an absolute http or https URL"),
        (json!("/done"), "callback.http.url must be an absolute http or https URL"),
        (json!("http://user:pw@hooks.example.com/"), "callback.http.url may not carry user info"),
        (json!("http://hooks.example.com/#here"), "callback.http.url may not have a fragment"),
        (json!("http://10.0.0.1/"), "callback.http.url targets a forbidden address"),
        (json!({ "http": { "url": url, "headers": { "Host": "x" } } }), "callback.http.headers.Host may not be set"),
        (
            json!({ "http": { "url": url }, "retry": { "mode": "cubic" } }),
            "callback.retry.mode must be one of constant, linear, squared",
        ),
        (
            json!({ "http": { "url": url }, "retry": { "maxRetries": 21 } }),
            "callback.retry.maxRetries must be an integer between 0 and 20",
        ),
        (
            json!({ "http": { "url": url, "payload": { "a": "&$FOO#" } } }),
            "callback.http.payload has unknown placeholder &$FOO#",
        ),
        (json!({ "http": { "url": url }, "colour": 1 }), "callback.colour is not a known field"),
        (json!(7), "callback must be a URL or an object"),
    ] {
        assert_eq!(refused(&me, callback.clone()).await, sentence, "{callback}");
    }
    for port in [22, 25, 79] {
        let text = refused(&me, json!(format!("http://hooks.example.com:{port}/"))).await;
        assert!(text.starts_with("callback.http.url") && text.contains(&port.to_string()), "{text}");
    }
    let long = format!("http://hooks.example.com/{}", "x".repeat(2048));
    let text = refused(&me, json!(long)).await;
    assert!(text.contains("2048") && text.contains(&long.len().to_string()), "{text}");

    assert_eq!(me.get("activations?count=true").await.json(), json!({ "activations": 0 }));
    assert_eq!(me.get("callbacks").await.expect(200).json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_given_twice_is_refused() {
    let (_wask, me, receiver) = started().await;
    let url = receiver.url("/done");
    let both = with_headers(&me, "actions/echo", &[("X-Wask-Callback", &url)], &calling(&url)).await.expect(400);
    assert_eq!(both.error(), "callback may be given only once");
    let twice =
        with_headers(&me, "actions/echo", &[("X-Wask-Callback", &url), ("X-Wask-Callback", &url)], &json!({})).await;
    assert_eq!(twice.expect(400).error(), "callback may be given only once");
    assert_eq!(receiver.received().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_anonymous_caller_cannot_subscribe() {
    let (_wask, me, receiver) = started().await;
    me.create_web_action("shown", &guest("echo")).await;
    let url = receiver.url("/done");
    let reserved = "Request defines parameters that are not allowed (e.g., reserved properties).";

    let body = me.anonymous(reqwest::Method::POST, &me.web_path("shown.json")).json(&calling(&url));
    assert_eq!(me.send(body).await.expect(400).error(), reserved);
    let query = format!("shown.json?__ow_callback={url}");
    assert_eq!(me.web(reqwest::Method::GET, &query).await.expect(400).error(), reserved);

    let header = me.anonymous(reqwest::Method::GET, &me.web_path("shown.json")).header("X-Wask-Callback", &url);
    let seen = me.send(header).await.expect(200).json();
    assert_eq!(seen["__ow_headers"]["x-wask-callback"], url, "the action may pass it on");
    assert_eq!(me.get("callbacks").await.json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_3_without_a_callback_nothing_is_sent_and_nothing_is_listed() {
    let (_wask, me, receiver) = started().await;
    let id = me.invoke_async("echo", &json!({})).await;
    me.ended(&id).await;
    assert_eq!(me.get("callbacks?count=true").await.json(), json!({ "callbacks": 0 }));
    assert!(receiver.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_5_the_object_of_automic_is_accepted_verbatim() {
    let (_wask, me, receiver) = started().await;
    let object = json!({ "type": "http", "http": { "url": receiver.url("/automic"), "headers": { "X-Key": "k" } } });
    invoke(&me, "echo", &json!({ "__ow_callback": object })).await;
    let received = receiver.received_at_least(1).await;
    assert_eq!((received[0].target.as_str(), received[0].header("x-key")), ("/automic", Some("k")));
    assert_eq!(bodies(&received)[0]["status"], "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_request_does_not_subscribe_again() {
    let (_wask, me, receiver) = started().await;
    let ask = async |url: String| {
        let headers = [("Idempotency-Key", "order-42")];
        with_headers(&me, "actions/echo", &headers, &calling(&url)).await
    };
    let first = ask(receiver.url("/done")).await.expect(202);
    let again = ask(receiver.url("/done")).await.expect(202);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.header("x-wask-callback-id"), first.header("x-wask-callback-id"));
    ask(receiver.url("/elsewhere")).await.expect(422);
    in_state(&me, first.header("x-wask-callback-id").unwrap(), "delivered").await;
    assert_eq!(me.get("callbacks?count=true").await.json(), json!({ "callbacks": 1 }));
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_request_is_replayed_even_if_its_callback_is_now_refused() {
    let (_wask, me, receiver) = started().await;
    let url = receiver.url("/done");
    let ask = async |key: &str| {
        let headers = [("Idempotency-Key", key), ("X-Wask-Callback", url.as_str())];
        with_headers(&me, "actions/echo", &headers, &json!({ "n": 1 })).await
    };
    let first = ask("order-42").await.expect(202);
    me.ended(first.json()["activationId"].as_str().unwrap()).await;
    me.put("callbacks/settings", &json!({ "httpsOnly": true })).await.expect(200);
    ask("order-43").await.expect(400);

    let again = ask("order-42").await.expect(202);

    assert_eq!((again.json(), again.header("idempotent-replayed")), (first.json(), Some("true")));
    assert_eq!(again.header("x-wask-callback-id"), first.header("x-wask-callback-id"));
    assert_eq!(me.get("activations?count=true").await.json(), json!({ "activations": 1 }));
}
