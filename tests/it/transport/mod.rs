//! Rules for every request: keys, names, ids, methods, media types, sizes. Numbers are the bullets of rest.md §11.1.

mod bodies;
mod idle;
mod names;
mod pages;
mod protocols;
mod resources;
mod wire;

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use wask_tests::{Answer, Client, TestServer};

const NAMESPACES: &str = "/api/v1/namespaces";
const VERBS: [Method; 4] = [Method::GET, Method::PUT, Method::POST, Method::DELETE];

async fn send(me: &Client, method: Method, path: &str) -> Answer {
    me.send(me.request(method, path).json(&json!({}))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn b1_an_answer_without_a_key_says_how_to_authenticate() {
    let wask = TestServer::start().await;
    let me = wask.guest();

    let answer = me.send(me.anonymous(Method::GET, NAMESPACES)).await.expect(401);

    assert_eq!(answer.error(), "The resource requires authentication, which was not supplied with the request");
    assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"OpenWhisk secure realm\",charset=UTF-8"));
    assert_eq!(answer.json()["code"].as_str(), answer.header("x-request-id"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn b2_every_wrong_key_gets_the_same_refusal() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let (uuid, key) = me.auth.split_once(':').unwrap();
    let request = || me.anonymous(Method::GET, NAMESPACES);
    let wrong: Vec<(&str, RequestBuilder)> = vec![
        ("a wrong key", request().basic_auth(uuid, Some("x".repeat(64)))),
        ("an unknown uuid", request().basic_auth("23bc46b1-71f6-4ed5-8c54-816aa4f8c502", Some(key))),
        ("a short key", request().basic_auth(uuid, Some(&key[..63]))),
        ("a long key", request().basic_auth(uuid, Some(format!("{key}x")))),
        ("no key", request().basic_auth(uuid, None::<&str>)),
        ("another scheme", request().bearer_auth(key)),
        ("no base64", request().header("authorization", "Basic ***")),
        ("no colon", request().header("authorization", "Basic Z3Vlc3Q=")),
    ];
    for (what, request) in wrong {
        let answer = me.send(request).await.expect(401);
        assert_eq!(answer.error(), "The supplied authentication is invalid", "{what}");
        assert!(answer.header("www-authenticate").is_some(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b3_b4_a_caller_has_one_namespace_and_its_bare_path_is_404() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for path in ["/namespaces", "/namespaces/", "/namespaces?"] {
        let answer = send(&me, Method::GET, &format!("/api/v1{path}")).await.expect(200);
        assert_eq!(answer.json(), json!(["guest"]));
    }
    for method in VERBS {
        for namespace in ["guest", "_", "other"] {
            send(&me, method.clone(), &format!("{NAMESPACES}/{namespace}")).await.expect(404);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b5_an_unknown_url_is_401_without_a_key_and_404_with_one() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for path in ["/api/v1/nosuch", "/api/v1/namespaces/_/nosuch", "/api/v1/namespaces/_/packages/p/a"] {
        me.send(me.anonymous(Method::GET, path)).await.expect(401);
        let known = send(&me, Method::GET, path).await.expect(404);
        assert_eq!(known.error(), "The requested resource could not be found.");
    }
    me.send(me.anonymous(Method::GET, "/nosuch")).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn b6_options_needs_neither_a_key_nor_an_existing_resource() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for path in ["/api/v1", "/api/v1/namespaces/_/actions/a", "/api/v1/no/such/path"] {
        let answer = me.send(me.anonymous(Method::OPTIONS, path)).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-methods"), Some("GET, DELETE, POST, PUT, HEAD"));
        assert_eq!(
            answer.header("access-control-allow-headers"),
            Some("Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent")
        );
    }
    let outside = me.send(me.anonymous(Method::OPTIONS, "/ping")).await.expect(200);
    assert_eq!(outside.header("access-control-allow-methods"), Some("OPTIONS, GET, POST"));
}

#[tokio::test(flavor = "multi_thread")]
async fn b7_every_origin_can_read_every_answer_even_a_404() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for (method, status) in [(Method::PUT, 200), (Method::GET, 200), (Method::POST, 204), (Method::DELETE, 200)] {
        let answer = send(&me, method, "/api/v1/namespaces/_/triggers/t").await.expect(status);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
    let missing = send(&me, Method::GET, "/api/v1/namespaces/_/triggers/t").await.expect(404);
    assert_eq!(missing.header("access-control-allow-origin"), Some("*"));
}

#[tokio::test(flavor = "multi_thread")]
async fn b8_b9_every_answer_has_a_request_id_and_every_error_quotes_it() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let missing = || me.request(Method::GET, "/api/v1/namespaces/_/actions/none");

    let own = me.send(missing().header("x-request-id", "abc123")).await.expect(404);
    assert_eq!(own.header("x-request-id"), Some("abc123"));
    assert_eq!(own.json(), json!({ "error": "The requested resource does not exist.", "code": "abc123" }));

    let reserved = me.send(missing().header("x-request-id", "sid_1")).await.expect(404);
    assert_ne!(reserved.header("x-request-id"), Some("sid_1"));
    let (one, another) = (me.send(missing()).await, me.send(missing()).await);
    assert_eq!(one.header("x-request-id").unwrap().len(), 32);
    assert_eq!(one.json()["code"].as_str(), one.header("x-request-id"));
    assert_ne!(one.header("x-request-id"), another.header("x-request-id"));
    assert!(me.send(me.anonymous(Method::GET, "/ping")).await.header("x-request-id").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_the_information_pages_need_no_key() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let page = |path: &'static str| me.send(me.anonymous(Method::GET, path));

    assert_eq!(page("/ping").await.expect(200).text(), "pong");
    let server = page("/").await.expect(200);
    assert_eq!(server.header("content-type"), Some("application/json"), "clients compare it letter by letter");
    let server = server.json();
    for key in ["description", "support", "api_paths", "limits", "runtimes"] {
        assert!(!server[key].is_null(), "{key}");
    }
    for family in ["wasm", "nodejs"] {
        assert_eq!(
            server["runtimes"][family][0]["kind"], "wasm:1",
            "`wsk` and `aio` look for kinds in different places"
        );
        assert_eq!(server["runtimes"][family][0]["default"], true);
        assert_eq!(server["runtimes"][family][0]["deprecated"], false); // b76
    }
    assert!(server["limits"].as_object().unwrap().values().all(serde_json::Value::is_u64));
    for path in ["/api/v1", "/api/v1/"] {
        let api = page(path).await.expect(200).json();
        assert_eq!(api["api_version"], "1.0.0");
        assert!(api["swagger_paths"].is_object() && api["build"].is_string() && api["buildno"].is_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn section_1_5_an_unsupported_method_is_405_with_the_supported_ones() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let id = "0123456789abcdef0123456789abcdef";
    for (method, path, allowed) in [
        (Method::POST, "namespaces/_/actions".to_owned(), "GET"),
        (Method::PUT, "namespaces/_/triggers".to_owned(), "GET"),
        (Method::DELETE, format!("namespaces/_/activations/{id}"), "GET"),
        (Method::POST, "namespaces/_/limits".to_owned(), "GET"),
        (Method::PATCH, "namespaces/_/actions/a".to_owned(), "GET, PUT, POST, DELETE"),
    ] {
        let answer = send(&me, method, &format!("/api/v1/{path}")).await.expect(405);
        assert_eq!(answer.header("allow"), Some(allowed), "{path}");
        assert_eq!(answer.error(), format!("HTTP method not allowed, supported methods: {allowed}"));
    }
    me.send(me.anonymous(Method::POST, "/api/v1/namespaces/_/actions")).await.expect(401);
}
