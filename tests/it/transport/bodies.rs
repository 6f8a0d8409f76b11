//! Bodies and query strings.

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::{TestServer, guest};

use super::send;

#[tokio::test(flavor = "multi_thread")]
async fn b20_a_body_must_be_json_and_be_declared_as_json() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let put = || me.request(Method::PUT, "/api/v1/namespaces/_/triggers/t");
    let json_type = ("content-type", "application/json");

    for bodiless in [put(), put().header(json_type.0, json_type.1), put().header(json_type.0, json_type.1).body("")] {
        assert_eq!(me.send(bodiless).await.expect(400).error(), "Request entity expected but not supplied");
    }
    for text in ["this is not JSON", "{\"a\":", "{}{}", "[]", "1", "\"text\"", "null", "\u{feff}{}"] {
        let refused = me.send(put().header(json_type.0, json_type.1).body(text)).await.expect(400);
        assert!(refused.error().starts_with("The request content was malformed:\n"), "{text}: {}", refused.error());
    }
    for (kind, shown) in [
        (Some("text/plain"), "text/plain"),
        (Some("application/x-www-form-urlencoded"), "application/x-www-form-urlencoded"),
        (None, "application/octet-stream"),
    ] {
        let request = kind.into_iter().fold(put(), |request, kind| request.header("content-type", kind));
        let refused = me.send(request.body("{}")).await.expect(415);
        let sentence = format!("The request's Content-Type [{shown}] is not supported. Expected:\napplication/json");
        assert_eq!(refused.error(), sentence);
    }
    me.send(put().header("content-type", "Application/JSON; charset=utf-8").body("{}")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_body_is_never_unpacked() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for path in ["triggers/t", "actions/a"] {
        for method in [Method::PUT, Method::POST] {
            let request = me.request(method, &format!("/api/v1/namespaces/_/{path}")).json(&json!({}));
            me.send(request.header("content-encoding", "gzip")).await.expect(415);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t14_json_nested_too_deeply_is_refused_and_the_server_survives() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for depth in [200, 100_000] {
        let body = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        for method in [Method::PUT, Method::POST] {
            let request = me.request(method, "/api/v1/namespaces/_/triggers/t");
            let refused = me.send(request.header("content-type", "application/json").body(body.clone())).await;
            assert!(refused.expect(400).error().starts_with("The request content was malformed:\n"));
        }
    }
    me.get("triggers").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unneeded_body_and_an_empty_query_are_ignored() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_trigger("t").await;

    send(&me, Method::GET, "/api/v1/namespaces/_/triggers/t?").await.expect(200);
    send(&me, Method::GET, "/api/v1/namespaces/_/triggers/t?unknown=1&unknown=2").await.expect(200);
    send(&me, Method::DELETE, "/api/v1/namespaces/_/triggers/t").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn t10_a_document_is_refused_by_the_first_byte_or_value_too_many() {
    let configure = |config: &mut wask::config::Config| {
        (config.limits.document_bytes, config.limits.json_nodes) = (2000, 300);
    };
    let wask = TestServer::builder().configure(configure).start().await;
    let me = wask.guest();
    let parameter = |value: Value| json!({ "parameters": [{ "key": "a", "value": value }] });
    let too_large = "Request larger than allowed: ";
    let too_many = "The request has more values than allowed: more than 300 (limits.json_nodes).";

    for path in ["packages/p", "triggers/t"] {
        me.put(path, &parameter(json!(vec![1; 290]))).await.expect(200);
        assert_eq!(me.put(path, &parameter(json!(vec![1; 300]))).await.expect(413).error(), too_many);
        let long = me.put(path, &parameter(json!(vec!["x".repeat(500); 5]))).await.expect(413).error();
        assert!(long.starts_with(too_large) && long.ends_with(" > 2000 bytes."), "{long}");
    }
    let code = " ".repeat(100_000);
    me.put_code("a", &code, parameter(json!(vec![1; 280]))).await.expect(200);
    let twice = me.put_code("a", &code, parameter(json!(code))).await.expect(413).error();
    assert!(twice.ends_with("> 2000 bytes (limits.document_bytes)."), "{twice}");
    assert_eq!(me.post("actions/a", &json!({ "a": vec![1; 300] })).await.expect(413).error(), too_many);
    assert_eq!(me.post("triggers/t", &json!({ "a": vec![1; 300] })).await.expect(413).error(), too_many);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_quotes_at_most_256_bytes_of_the_request() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let long = "ü".repeat(1000);
    let quoted = format!("{}…", "ü".repeat(128));

    let kind = me.put("actions/a", &json!({ "exec": { "kind": long, "code": "" } })).await.expect(400).error();
    assert!(kind.contains(&format!("The specified runtime '{quoted}' is not supported")), "{kind}");
    let status = me.get(&format!("activations?status={long}")).await.expect(400).error();
    assert!(status.contains(&format!("The value '{quoted}' is not a status.")), "{status}");
    let limit = me.get(&format!("triggers?limit={long}")).await.expect(400).error();
    assert!(limit.contains(&format!("The value '{quoted}' is not an integer for triggers.")), "{limit}");
    let retry = json!({ "annotations": [{ "key": "retry", "value": long }] });
    let retry = me.put_code("a", "", retry).await.expect(400).error();
    assert!(retry.len() < 400 && retry.contains(&"ü".repeat(127)), "{retry}");
    let request = me.request(Method::PUT, "/api/v1/namespaces/_/triggers/t").header("content-type", "x".repeat(9000));
    let kind = me.send(request.body("{}")).await.expect(415).error();
    assert!(kind.contains(&format!("[{}…]", "x".repeat(256))), "{kind}");
}

/// More than 256 bytes of the request and a sentence have.
const LONG_REFUSAL: usize = 700;

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_a_module_quotes_at_most_256_bytes_of_each_name() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let long = "x".repeat(20_000);
    let parameters = "i32 ".repeat(200);
    for module in [
        format!("(module (import \"{long}\" \"{long}\" (func)))"),
        format!("(module (import \"wasi_snapshot_preview1\" \"fd_write\" (func (param {parameters}))))"),
        format!("(module (memory (export \"memory\") 1) (func (export \"_start\") (param {parameters})))"),
        format!(
            "(module (memory (export \"memory\") 1) (func (export \"_start\")) (func (export \"{long}\")) \
             (func (export \"{long}\")))"
        ),
        format!("(module (func (call ${long})))"),
        format!("(module) {long}"),
        format!("(module (func \u{202e}{long}))"),
    ] {
        let refused = me.put_code("a", &module, json!({})).await.expect(400).error();
        assert!(refused.len() < LONG_REFUSAL, "{refused}");
        assert!(refused.contains('…'), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_a_callback_or_a_host_call_quotes_at_most_256_bytes() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("host-call", &guest("host-call")).await;
    let long = "x".repeat(20_000);
    let http = |more: Value| {
        let mut http = json!({ "url": "http://127.0.0.1:9" });
        http.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "__ow_callback": { "http": http } })
    };
    for args in [
        http(json!({ long.clone(): 1 })),
        http(json!({ "headers": { long.clone(): 1 } })),
        http(json!({ "headers": { long.clone(): "\n" } })),
        http(json!({ "headers": { "a": long.clone() } })),
        http(json!({ "payload": { long.clone(): format!("&$FOO_{long}#") } })),
        http(json!({ "payload": long.clone() })),
        json!({ "__ow_callback": long.clone() }),
    ] {
        let refused = me.post("actions/host-call", &args).await.expect(400).error();
        assert!(refused.len() < LONG_REFUSAL, "{refused}");
    }
    for header in [
        json!({ "op": long.clone() }),
        json!({ "op": "actions.invoke", "name": long.clone() }),
        json!({ "op": "actions.invoke", "name": "a", "blocking": long.clone() }),
        json!(long.clone()),
    ] {
        let ran = me.invoke("host-call", &json!({ "header": header })).await.expect(200).json();
        let refused = ran["response"]["result"]["refused"]["error"].as_str().expect("a refusal").to_owned();
        assert!(refused.len() < LONG_REFUSAL, "{refused}");
    }
}
