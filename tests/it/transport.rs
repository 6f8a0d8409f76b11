//! What holds for every request: keys, names, ids, methods, media types, sizes. Numbers are the bullets of §11.1 of the
//! REST contract.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wask_tests::{Answer, Client, TestServer};

const NAMESPACES: &str = "/api/v1/namespaces";
const ILLEGAL: &str = "The name of the entity contains illegal characters.";
const VERBS: [Method; 4] = [Method::GET, Method::PUT, Method::POST, Method::DELETE];

async fn send(me: &Client, method: Method, path: &str) -> Answer {
    me.send(me.request(method, path).json(&json!({}))).await
}

/// Sends bytes as they are and returns what comes back before the server has nothing more to say.
async fn raw(wask: &TestServer, request: &[u8]) -> String {
    let mut socket = TcpStream::connect(wask.address()).await.unwrap();
    let _ = socket.write_all(request).await; // the server may have answered and closed before the end
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while !String::from_utf8_lossy(&answer).contains("\r\n\r\n") {
        match tokio::time::timeout(Duration::from_secs(20), socket.read(&mut chunk)).await.expect("an answer") {
            Ok(0) | Err(_) => break,
            Ok(read) => answer.extend_from_slice(&chunk[..read]),
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn basic(auth: &str) -> String {
    use base64::Engine as _;
    format!("authorization: Basic {}\r\n", base64::engine::general_purpose::STANDARD.encode(auth))
}

#[tokio::test(flavor = "multi_thread")]
async fn b1_without_a_key_the_answer_says_how_to_authenticate() {
    let wask = TestServer::start().await;
    let me = wask.guest();

    let answer = me.send(me.anonymous(Method::GET, NAMESPACES)).await.expect(401);

    assert_eq!(answer.error(), "The resource requires authentication, which was not supplied with the request");
    assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"OpenWhisk secure realm\",charset=UTF-8"));
    assert_eq!(answer.json()["code"].as_str(), answer.header("x-request-id"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn b2_every_wrong_key_is_refused_in_the_same_words() {
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
async fn b3_b4_a_caller_has_one_namespace_and_a_namespace_alone_is_no_resource() {
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
async fn b6_options_needs_no_key_and_no_resource() {
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
async fn b7_any_origin_may_read_what_a_handler_answers_also_when_nothing_is_there() {
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
async fn b8_b9_every_answer_has_the_clients_request_id_or_a_fresh_one_and_errors_quote_it() {
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
    }
    assert!(server["limits"].as_object().unwrap().values().all(serde_json::Value::is_u64));
    for path in ["/api/v1", "/api/v1/"] {
        let api = page(path).await.expect(200).json();
        assert_eq!(api["api_version"], "1.0.0");
        assert!(api["swagger_paths"].is_object() && api["build"].is_string() && api["buildno"].is_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b11_b12_b14_names_are_decoded_then_judged() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let longest = "a".repeat(256);
    for (encoded, name) in [
        ("_", "_"),
        ("_%20_", "_ _"),
        ("0.0", "0.0"),
        ("a%20b", "a b"),
        ("a@b.c&d", "a@b.c&d"),
        ("a%40%40%26", "a@@&"),
        ("me@place.org", "me@place.org"),
        (&longest, &longest),
    ] {
        let made = me.put(&format!("triggers/{encoded}"), &json!({})).await.expect(200);
        assert_eq!(made.json()["name"], name);
        assert_eq!(me.get(&format!("triggers/{encoded}")).await.expect(200).json()["name"], name);
    }
    for encoded in [
        "%20xxx",
        "xxx%20",
        "%20",
        "a=2b",
        "hi+there",
        "$hola",
        "dora%3F",
        "x%23x",
        "a()b",
        "-abc",
        "&abc",
        ".x",
        "x%0A",
        "a%2Fb",
        "%00",
        "caf%C3%A9",
        "%FF",
    ] {
        for collection in ["triggers", "actions", "rules", "packages"] {
            let refused = me.put(&format!("{collection}/{encoded}"), &json!({})).await.expect(400);
            assert_eq!(refused.error(), ILLEGAL, "{collection}/{encoded}");
        }
    }
    for method in VERBS {
        for collection in ["actions", "triggers"] {
            let path = format!("/api/v1/namespaces/_/{collection}/{longest}a");
            let refused = send(&me, method.clone(), &path).await.expect(400);
            assert_eq!(refused.error(), "Name segement longer than allowed: 257 > 256.");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b13_an_entity_without_a_name_does_not_exist() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for collection in ["actions", "triggers", "rules", "packages"] {
        me.put(&format!("{collection}/"), &json!({})).await.expect(404);
        me.delete(&format!("{collection}/")).await.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b15_a_namespace_in_the_url_is_judged_like_a_name() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for (namespace, sentence) in [
        ("a".repeat(257), "Namespace longer than allowed: 257 > 256."),
        ("a=b".to_owned(), "The namespace contains illegal characters."),
        ("%20".to_owned(), "The namespace contains illegal characters."),
    ] {
        for collection in ["actions", "triggers/t", "limits"] {
            let path = format!("{NAMESPACES}/{namespace}/{collection}");
            assert_eq!(send(&me, Method::GET, &path).await.expect(400).error(), sentence, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packages_path_may_stand_in_the_namespace_segment_as_aio_sends_it() {
    let wask = TestServer::start().await;
    let me = wask.guest();

    let slash = send(&me, Method::DELETE, "/api/v1/namespaces/guest/actions/none/a").await.expect(404);
    let encoded = send(&me, Method::DELETE, "/api/v1/namespaces/guest%2Fnone/actions/a").await.expect(404);
    let foreign = send(&me, Method::DELETE, "/api/v1/namespaces/other%2Fpkg/actions/a").await.expect(403);

    assert_eq!(slash.error(), encoded.error());
    assert_eq!(foreign.error(), "The supplied authentication is not authorized to access 'other/pkg/a'.");
}

#[tokio::test(flavor = "multi_thread")]
async fn b18_b19_what_belongs_to_others_is_403_whether_or_not_it_exists() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    other.create_trigger("there").await;
    for collection in ["actions", "triggers", "rules", "activations", "limits"] {
        let refused = send(&me, Method::GET, &format!("{NAMESPACES}/other/{collection}")).await.expect(403);
        assert_eq!(refused.error(), "The supplied authentication is not authorized to access 'other'.");
    }
    for collection in ["actions", "triggers", "rules"] {
        for (name, method) in ["there", "none"].into_iter().flat_map(|name| VERBS.map(|method| (name, method))) {
            let path = format!("{NAMESPACES}/other/{collection}/{name}");
            let refused = send(&me, method, &path).await.expect(403);
            let sentence = format!("The supplied authentication is not authorized to access 'other/{name}'.");
            assert_eq!(refused.error(), sentence, "{path}");
        }
    }
    let id = "0123456789abcdef0123456789abcdef";
    send(&me, Method::GET, &format!("{NAMESPACES}/other/activations/{id}")).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_a_resource_does_not_know_is_405_with_those_it_knows() {
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

#[tokio::test(flavor = "multi_thread")]
async fn b20_a_body_must_be_json_and_say_so() {
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
async fn t14_json_that_is_nested_too_deeply_is_refused_and_the_server_lives() {
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
async fn t14_giant_heads_are_refused_and_giant_bodies_before_they_are_sent() {
    let wask = TestServer::start().await;
    let key = basic(&wask.guest().auth);
    let get = |path: &str, headers: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\n{key}{headers}\r\n");
    let status = |answer: String| answer.split(' ').nth(1).unwrap_or_default().to_owned();

    let many: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    assert_eq!(status(raw(&wask, get("/ping", &many).as_bytes()).await), "431");
    let large = format!("x-large: {}\r\n", "y".repeat(200_000));
    let refused = status(raw(&wask, get("/ping", &large).as_bytes()).await);
    assert!(matches!(refused.as_str(), "431" | ""), "{refused}: closing may overtake the answer");
    let long = format!("/api/v1/namespaces?x={}", "y".repeat(9000));
    assert_eq!(status(raw(&wask, get(&long, "").as_bytes()).await), "414");
    assert_eq!(status(raw(&wask, get("/api/v1/namespaces?x=y", "").as_bytes()).await), "200");

    let announced = format!(
        "PUT /api/v1/namespaces/_/actions/a HTTP/1.1\r\nhost: x\r\n{key}\
         content-type: application/json\r\ncontent-length: 52428801\r\n\r\n"
    );
    assert_eq!(status(raw(&wask, announced.as_bytes()).await), "413", "without a byte of the body");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_is_answered_with_400_and_an_answer_does_not_wait_for_the_next_request() {
    let wask = TestServer::start().await;
    assert!(raw(&wask, b"this is no request\r\n\r\n").await.starts_with("HTTP/1.1 400 "));

    let whole_and_half = b"GET /ping HTTP/1.1\r\nhost: x\r\n\r\nGET /ping HT";
    assert!(raw(&wask, whole_and_half).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_pieces_is_counted_while_it_streams_in() {
    let wask = TestServer::builder().configure(|config| config.limits.payload_bytes = 1000).start().await;
    let key = basic(&wask.guest().auth);
    let head = format!(
        "POST /api/v1/namespaces/_/triggers/t HTTP/1.1\r\nhost: x\r\n{key}\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let piece = format!("1f4\r\n{}\r\n", "x".repeat(500));

    let answer = raw(&wask, format!("{head}{}", piece.repeat(3)).as_bytes()).await;

    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_where_none_is_needed_and_an_empty_query_are_ignored() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_trigger("t").await;

    send(&me, Method::GET, "/api/v1/namespaces/_/triggers/t?").await.expect(200);
    send(&me, Method::GET, "/api/v1/namespaces/_/triggers/t?unknown=1&unknown=2").await.expect(200);
    send(&me, Method::DELETE, "/api/v1/namespaces/_/triggers/t").await.expect(200);
}
