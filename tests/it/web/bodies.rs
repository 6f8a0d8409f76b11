//! Request bodies: files, forms, bytes, empty ones, and malformed ones.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wask_tests::{Client, TestServer};

use super::{web, web_echo};

async fn echoed(me: &Client, path: &str, kind: Option<&str>, body: Vec<u8>) -> Value {
    let request = kind.into_iter().fold(web(me, "POST", path), |request, kind| request.header("content-type", kind));
    me.send(request.body(body)).await.expect(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn b150_a_multipart_upload_arrives_byte_for_byte_with_its_boundary() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;
    web_echo(&me, "raw", json!({ "raw-http": true })).await;
    let kind = "multipart/form-data; boundary=\"-=two words=-\"";
    let mut body =
        b"---=two words=-\r\ncontent-disposition: form-data; name=\"file\"; filename=\"\xE2\x98\x83.bin\"\r\n\r\n"
            .to_vec();
    body.extend(0..=255);
    body.extend(b"\r\n---=two words=---\r\n");

    for action in ["echo.json", "raw.json"] {
        let got = echoed(&me, action, Some(kind), body.clone()).await;
        assert_eq!(got["__ow_body"], STANDARD.encode(&body), "{action}");
        assert_eq!(got["__ow_headers"]["content-type"], kind, "the action needs the boundary");
        assert_eq!(got.get("file"), None, "parts are for the action to read");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn section_8_4_a_body_of_unknown_type_arrives_as_base64() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;
    let bytes: Vec<u8> = (0..=255).collect();
    for kind in [
        None,
        Some("application/octet-stream"),
        Some("application/zip"),
        Some("application/x-unknown"),
        Some("nonsense"),
        Some("image/svg+xml"),
    ] {
        let got = echoed(&me, "echo.json", kind, bytes.clone()).await;
        assert_eq!(got["__ow_body"], STANDARD.encode(&bytes), "{kind:?}");
    }
    let text = echoed(&me, "echo.json", Some("application/x-unknown; charset=utf-8"), b"plain".to_vec()).await;
    assert_eq!(text["__ow_body"], "plain");
    for kind in [None, Some("text/plain"), Some("image/png"), Some("application/x-www-form-urlencoded")] {
        assert_eq!(echoed(&me, "echo.json", kind, vec![]).await.get("__ow_body"), None, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b152_a_form_is_decoded_like_a_query_and_wins_over_it() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;
    let form = "a=1&a=2&%C3%A9=%E2%98%83&plus=a%2Bb&space=x+y&flag&empty=&both=form&=nameless";

    let got = echoed(
        &me,
        "echo.json?both=query&only=q%26a",
        Some("application/x-www-form-urlencoded; charset=UTF-8"),
        form.into(),
    );

    let got = got.await;
    for (key, value) in [
        ("a", "2"),
        ("é", "☃"),
        ("plus", "a+b"),
        ("space", "x y"),
        ("flag", ""),
        ("empty", ""),
        ("both", "form"),
        ("only", "q&a"),
        ("", "nameless"),
    ] {
        assert_eq!(got[key], value, "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_actions_compressed_body_is_not_unpacked() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;
    web_echo(&me, "raw", json!({ "raw-http": true })).await;
    for (action, encoding) in [("echo.json", "gzip"), ("echo.json", "br"), ("raw.json", "deflate")] {
        let request = web(&me, "POST", action).header("content-encoding", encoding).body("packed");
        let refused = me.send(request).await.expect(415);
        assert_eq!(
            refused.error(),
            "The request's Content-Encoding is not supported. Send the body without an encoding.",
            "{action} {encoding}"
        );
    }
    let plain = web(&me, "POST", "echo.json").header("content-encoding", "identity").json(&json!({ "a": 1 }));
    assert_eq!(me.send(plain).await.expect(200).json()["a"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_is_read_like_a_small_one() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;
    let large = json!({ "a": "x".repeat(200_000), "b": [1, { "c": null }] });
    let json = echoed(&me, "echo.json", Some("application/json"), serde_json::to_vec(&large).expect("JSON")).await;
    assert_eq!((&json["a"], &json["b"]), (&large["a"], &large["b"]));
    let form = format!("a={}&b=2", "x".repeat(200_000)).into_bytes();
    let form = echoed(&me, "echo.json", Some("application/x-www-form-urlencoded"), form).await;
    assert_eq!((&form["a"], &form["b"]), (&large["a"], &json!("2")));
    let broken = format!("[\"{}\"", "x".repeat(200_000));
    let broken = web(&me, "POST", "echo.json").header("content-type", "application/json").body(broken);
    me.send(broken).await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_are_neither_compressed_nor_cut_to_ranges() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;
    let request = web(&me, "POST", "echo.http").header("accept-encoding", "gzip, br").header("range", "bytes=0-3");
    let answer = me.send(request.json(&json!({ "body": "x".repeat(10_000) }))).await.expect(200);
    assert_eq!((answer.header("content-encoding"), answer.body.len()), (None, 10_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn json_with_too_many_values_is_refused_where_it_is_parsed() {
    let wask = TestServer::builder().configure(|config| config.limits.json_nodes = 100).start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;
    web_echo(&me, "raw", json!({ "raw-http": true })).await;
    let many = serde_json::to_vec(&vec![1; 200]).expect("JSON");
    let kind = Some("application/json");

    let request = web(&me, "POST", "echo.json").header("content-type", "application/json").body(many.clone());
    let refused = me.send(request).await.expect(413).error();
    let text = "The request has more values than allowed: more than 100 (limits.json_nodes).";
    assert_eq!(refused, text);
    let form = web(&me, "POST", "echo.json").header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(me.send(form.body("a=1&".repeat(200))).await.expect(413).error(), text);
    assert_eq!(echoed(&me, "echo.json", kind, b"{\"a\":1}".to_vec()).await["a"], 1);
    assert_eq!(echoed(&me, "raw.json", kind, many.clone()).await["__ow_body"], STANDARD.encode(&many));
    assert_eq!(echoed(&me, "echo.json", None, many.clone()).await["__ow_body"], STANDARD.encode(&many));
}
