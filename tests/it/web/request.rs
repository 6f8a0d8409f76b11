//! Which parts of a request become arguments of the action.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wask_tests::{Client, TestServer};

use super::{post, web, web_echo, web_echo_with};

const JSON: &str = "application/json";
const NOT_ALLOWED: &str = "Request defines parameters that are not allowed (e.g., reserved properties).";

/// The arguments of a request, without the `__ow_*` that every request has.
async fn arguments(me: &Client, method: &str, path: &str, kind: &str, body: &[u8]) -> Value {
    let mut request = web(me, method, path).body(body.to_vec());
    if !kind.is_empty() {
        request = request.header("content-type", kind);
    }
    let mut all = me.send(request).await.expect(200).json();
    let members = all.as_object_mut().expect("the arguments");
    for context in ["__ow_method", "__ow_headers", "__ow_path"] {
        assert!(members.remove(context).is_some(), "{context} is missing");
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn b146_to_b152_query_and_body_become_arguments() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;
    let png = [0x89, b'P', b'N', b'G', 0, 255];

    for (bullet, query, kind, body, expected) in [
        (146, "a=1&b=true&a=2", "", &b""[..], json!({ "a": "2", "b": "true" })),
        (146, "flag&s=x+y%20z&%C3%A9=%E2%98%83", "", b"", json!({ "flag": "", "s": "x y z", "é": "☃" })),
        (
            147,
            "a=query&b=1",
            JSON,
            br#"{"a":{"from":"body"},"c":null}"#,
            json!({ "a": { "from": "body" }, "b": "1", "c": null }),
        ),
        (148, "", JSON, b"", json!({})),
        (148, "", JSON, b"[1,2]", json!({ "__ow_body": [1, 2] })),
        (148, "", JSON, b"\"text\"", json!({ "__ow_body": "text" })),
        (148, "", JSON, b"12", json!({ "__ow_body": 12 })),
        (148, "", JSON, b"null", json!({ "__ow_body": null })),
        (149, "", "text/plain", "grüß".as_bytes(), json!({ "__ow_body": "grüß" })),
        (149, "", "text/html; charset=utf-8", b"<p>", json!({ "__ow_body": "<p>" })),
        (150, "", "image/png", &png, json!({ "__ow_body": STANDARD.encode(png) })),
        (150, "", "", &png, json!({ "__ow_body": STANDARD.encode(png) })),
        (150, "", "multipart/form-data; boundary=x", b"--x--", json!({ "__ow_body": STANDARD.encode("--x--") })),
        (151, "", "application/cloudevents+json", br#"{"id":"7"}"#, json!({ "id": "7" })),
        (152, "", "application/x-www-form-urlencoded", b"a=1&b=x+y%21&a=3", json!({ "a": "3", "b": "x y!" })),
    ] {
        let got = arguments(&me, "POST", &format!("echo.json?{query}"), kind, body).await;
        assert_eq!(got, expected, "b{bullet}: {query} {kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn section_8_4_the_context_arguments_describe_the_request() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;

    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        for (path, rest) in [("echo.json", ""), ("echo.json/", "/"), ("echo.json/a%20b/c%2Fd//", "/a%20b/c%2Fd//")] {
            let request =
                web(&me, method, path).header("X-Twice", "1").header("x-twice", "2").header("content-type", "text/x-y");
            let got = me.send(request).await.expect(200).json();
            assert_eq!(got["__ow_method"], method.to_lowercase());
            assert_eq!(got["__ow_path"], rest, "{method} {path}");
            assert_eq!(got["__ow_headers"]["x-twice"], "2");
            assert_eq!(got["__ow_headers"]["content-type"], "text/x-y");
            assert_eq!(got.get("__ow_body"), None);
        }
    }
    let keyed = me.request(reqwest::Method::GET, &me.web_path("echo.json")).header("X-OW-EXTRA-LOGGING", "on");
    let keyed = me.send(keyed).await.json();
    assert_eq!(keyed["__ow_headers"].get("x-ow-extra-logging"), None, "it is for the server alone");
    assert_eq!(keyed["__ow_headers"].get("authorization"), None, "a key of the server is not the action's business");
    assert_eq!(keyed["__ow_user"], "guest");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_match_its_type_is_refused() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;
    for (kind, body) in
        [(JSON, "{\"a\":"), ("application/ld+json", "no"), ("application/x-www-form-urlencoded", "a=%zz")]
    {
        let request = web(&me, "POST", "echo.json").header("content-type", kind).body(body);
        let refused = me.send(request).await.expect(400);
        assert!(refused.error().starts_with("The request content was malformed"), "{}", refused.text());
    }
    assert_eq!(me.activations_of("echo").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn b153_b155_a_request_overrides_only_parameters_that_are_not_final() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let parameters = json!({ "a": "action", "b": "action", "open": null });
    web_echo_with(&me, "free", json!({}), parameters.clone()).await;
    web_echo_with(&me, "final", json!({ "final": true }), parameters.clone()).await;
    web_echo_with(&me, "raw", json!({ "final": true, "raw-http": true }), parameters).await;

    let got = arguments(&me, "POST", "free.json?a=query&b=query", JSON, br#"{"b":"body"}"#).await;
    assert_eq!(got, json!({ "a": "query", "b": "body", "open": null }));
    let got = arguments(&me, "POST", "final.json?open=query", JSON, br#"{"more":1}"#).await;
    assert_eq!(got, json!({ "a": "action", "b": "action", "open": "query", "more": 1 }));

    for (query, kind, body) in [
        ("a=x", "", ""),
        ("", JSON, r#"{"b":"x"}"#),
        ("", JSON, r#"{"b":null}"#),
        ("", "application/x-www-form-urlencoded", "a=x"),
    ] {
        let request = web(&me, "POST", &format!("final.json?{query}")).header("content-type", kind).body(body);
        assert_eq!(me.send(request).await.expect(400).error(), NOT_ALLOWED, "{query} {body}");
    }
    assert_eq!(me.activations_of("final").await.len(), 1, "what is refused does not run");

    let got = arguments(&me, "POST", "raw.json?a=x", JSON, br#"{"b":"x"}"#).await;
    let body = STANDARD.encode(r#"{"b":"x"}"#);
    assert_eq!(got, json!({ "a": "action", "b": "action", "open": null, "__ow_query": "a=x", "__ow_body": body }));
}

#[tokio::test(flavor = "multi_thread")]
async fn b156_only_the_server_sets_reserved_names() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;
    web_echo(&me, "raw", json!({ "raw-http": true })).await;
    for name in ["__ow_method", "__ow_headers", "__ow_path", "__ow_user", "__ow_query", "__ow_body", "__ow_withheld"] {
        let in_query = me.send(web(&me, "GET", &format!("echo.json?{name}=x"))).await.expect(400);
        let in_body = post(&me, "echo.json", &json!({ name: {} })).await.expect(400);
        let form = web(&me, "POST", "echo.json").header("content-type", "application/x-www-form-urlencoded");
        let in_form = me.send(form.body(format!("{name}=x"))).await.expect(400);
        for refused in [in_query, in_body, in_form] {
            assert_eq!(refused.error(), NOT_ALLOWED, "{name}");
            assert_eq!(refused.header("access-control-allow-origin"), Some("*"));
        }
        let raw = me.send(web(&me, "GET", &format!("raw.json?{name}=x"))).await.expect(200).json();
        assert_eq!(raw["__ow_method"], "get");
        assert_eq!(raw["__ow_query"], format!("{name}=x"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b157_a_raw_action_gets_query_and_body_unparsed() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "raw", json!({ "raw-http": true })).await;
    let base64 = |text: &str| STANDARD.encode(text);

    for (query, kind, body, expected_query, expected_body) in [
        ("", "", "", "", String::new()),
        ("?a=1&a=2", "", "", "a=1&a=2", String::new()),
        ("?a=x%20y&b=%7e", "", "", "a=x+y&b=~", String::new()),
        ("", JSON, "{\"a\":", "", base64("{\"a\":")), // not even malformed JSON matters
        ("", "application/problem+json", "{}", "", "{}".to_owned()),
        ("", "text/plain", "grüß", "", "grüß".to_owned()),
        ("", "application/x-www-form-urlencoded", "a=1&b=%zz", "", "a=1&b=%zz".to_owned()),
        ("", "image/svg+xml", "<svg/>", "", base64("<svg/>")),
        ("", "application/octet-stream", "bytes", "", base64("bytes")),
    ] {
        let got = arguments(&me, "POST", &format!("raw.json{query}"), kind, body.as_bytes()).await;
        assert_eq!(got, json!({ "__ow_query": expected_query, "__ow_body": expected_body }), "{query} {kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b173_a_body_over_the_limit_is_refused_before_the_action_runs() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;
    web_echo(&me, "raw", json!({ "raw-http": true })).await;
    let limit = 1 << 20;

    for action in ["echo.json", "raw.json"] {
        let request = web(&me, "POST", action).header("content-type", "text/plain").body(vec![b'x'; limit + 1]);
        let refused = me.send(request).await.expect(413);
        assert_eq!(refused.error(), "Request larger than allowed: 1048577 > 1048576 bytes.");
        assert_eq!(refused.header("content-type"), Some("application/json"));
    }
    assert_eq!(me.activations_of("echo").await.len(), 0);

    let fits = web(&me, "POST", "echo.http").header("content-type", "text/plain").body(vec![b'x'; limit]);
    let answer = me.send(fits).await.expect(400);
    let id = answer.header("x-openwhisk-activation-id").expect("an id").to_owned();
    assert_eq!(me.ended(&id).await["response"]["status"], "application error", "the result is over its own limit");
}
