//! Bodies and query strings.

use reqwest::Method;
use serde_json::json;
use wask_tests::TestServer;

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
