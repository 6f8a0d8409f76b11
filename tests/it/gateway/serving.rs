//! Requests to the routes of APIs.

use reqwest::Method;
use serde_json::json;
use wask_tests::{TestServer, guest};

use super::{ask, create, route, served, web_echo};

#[tokio::test(flavor = "multi_thread")]
async fn a_route_answers_every_caller_with_its_web_action() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me).await;
    for (base, path) in [("/club", "/books"), ("/", "/hello"), ("/club/v2", "/"), ("/a.b", "/c~d/e@f")] {
        let at = served(&me, base, path, "GET", "echo").await;
        assert!(at.starts_with("/api/gw/guest/"), "{at}");
        let got = ask(&me, "GET", &format!("{at}?isbn=7&isbn=8")).await.expect(200);
        assert_eq!(got.header("content-type"), Some("application/json"));
        assert_eq!((&got.json()["isbn"], &got.json()["__ow_method"]), (&json!("8"), &json!("get")), "{at}");
        assert_eq!(got.header("access-control-allow-origin"), Some("*"));
        let id = got.header("x-openwhisk-activation-id").expect("an id").to_owned();
        assert_eq!(me.ended(&id).await["namespace"], "guest");
    }
    let posted = served(&me, "/club", "/books", "post", "echo").await;
    let got = me.send(me.anonymous(Method::POST, &posted).json(&json!({ "title": "☃" }))).await.expect(200).json();
    assert_eq!((&got["title"], &got["__ow_method"]), (&json!("☃"), &json!("post")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_cannot_override_path_parameters() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me).await;
    served(&me, "/club", "/books/{isbn}/pages/{n}", "get", "echo").await;
    served(&me, "/club", "/books/{isbn}/pages/{n}", "post", "echo").await;

    let got =
        ask(&me, "GET", "/api/gw/guest/club/books/a%2Fb%20%C3%A9/pages/3?isbn=stolen&x=1").await.expect(200).json();
    assert_eq!([&got["isbn"], &got["n"], &got["x"]], [&json!("a/b é"), &json!("3"), &json!("1")]);
    assert_eq!(got["__ow_path"], "/club/books/a%2Fb%20%C3%A9/pages/3", "as it came, from the base path on");
    let posted = me.anonymous(Method::POST, "/api/gw/guest/club/books/1/pages/2").json(&json!({ "n": "stolen" }));
    assert_eq!(me.send(posted).await.expect(200).json()["n"], "2");

    let raw = json!([{ "key": "web-export", "value": true }, { "key": "raw-http", "value": true }]);
    me.create_action_with("raw", &guest("echo"), json!({ "annotations": raw })).await;
    served(&me, "/raw", "/{id}", "get", "raw").await;
    let got = ask(&me, "GET", "/api/gw/guest/raw/7?q=1").await.expect(200).json();
    assert_eq!((got.get("id"), &got["__ow_path"], &got["__ow_query"]), (None, &json!("/raw/7"), &json!("q=1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_parameter_that_is_final_in_the_action_is_refused() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let annotations = json!([{ "key": "web-export", "value": true }, { "key": "final", "value": true }]);
    let more = json!({ "annotations": annotations, "parameters": [{ "key": "rate", "value": 5 }] });
    me.create_action_with("final", &guest("echo"), more).await;
    served(&me, "/f", "/{rate}", "get", "final").await;
    served(&me, "/f", "/x/{__ow_user}", "get", "final").await;
    for path in ["/api/gw/guest/f/1", "/api/gw/guest/f/x/root"] {
        let refused = ask(&me, "GET", path).await.expect(400);
        assert_eq!(
            refused.error(),
            "Request defines parameters that are not allowed (e.g., reserved properties).",
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_route_is_404_and_another_method_405_in_json() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me).await;
    served(&me, "/club", "/books/{isbn}", "get", "echo").await;
    served(&me, "/club", "/books/{isbn}", "delete", "echo").await;
    for path in [
        "/api/gw/guest/club",
        "/api/gw/guest/club/books",
        "/api/gw/guest/club/books/1/2",
        "/api/gw/guest/clubs/books/1",
        "/api/gw/guest",
        "/api/gw/nobody/club/books/1",
        "/api/gw/_/club/books/1",
        "/api/gw/a=b/club/books/1",
    ] {
        for method in ["GET", "POST", "OPTIONS"] {
            let refused = ask(&me, method, path).await.expect(404);
            assert_eq!(refused.error(), "The requested API route does not exist.", "{method} {path}");
            assert_eq!(refused.json()["code"].as_str(), refused.header("x-request-id"));
        }
    }
    for method in ["POST", "PATCH", "BREW"] {
        let refused = ask(&me, method, "/api/gw/guest/club/books/1").await.expect(405);
        assert_eq!(refused.header("allow"), Some("GET, DELETE, HEAD, OPTIONS"));
        assert_eq!(refused.error(), "HTTP method not allowed, supported methods: GET, DELETE, HEAD, OPTIONS");
    }
    let head = ask(&me, "HEAD", "/api/gw/guest/club/books/1").await.expect(200);
    assert!(head.body.is_empty() && head.header("x-openwhisk-activation-id").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_can_send_a_preflight_request() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me).await;
    served(&me, "/club", "/books", "put", "echo").await;
    let asking = me.anonymous(Method::OPTIONS, "/api/gw/guest/club/books");
    let answer = me.send(asking.header("access-control-request-headers", "x-mine")).await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("PUT, OPTIONS"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("x-mine"));
    assert!(answer.body.is_empty());
    assert_eq!(me.activations_of("echo").await.len(), 0, "nothing runs for that");

    let own = json!([{ "key": "web-export", "value": true }, { "key": "web-custom-options", "value": true }]);
    me.create_action_with("cors", &guest("echo"), json!({ "annotations": own })).await;
    served(&me, "/club", "/books", "options", "cors").await;
    let answer = ask(&me, "OPTIONS", "/api/gw/guest/club/books").await.expect(200);
    assert_eq!(answer.json()["__ow_method"], "options", "a route of its own answers");
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_response_type_comes_from_the_query_or_the_actions_url() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let more = json!({
        "annotations": [{ "key": "web-export", "value": true }],
        "parameters": [{ "key": "html", "value": "<p>" }, { "key": "text", "value": "t" }, { "key": "statusCode", "value": 418 }],
    });
    me.create_action_with("page", &guest("echo"), more).await;
    for (query, status, kind) in [
        ("?responsetype=html", 200, Some("text/html; charset=UTF-8")),
        ("?responsetype=text", 200, Some("text/plain; charset=UTF-8")),
        ("?responsetype=json", 200, Some("application/json")),
        ("?responsetype=http", 418, None),
        ("?responsetype=undefined", 418, None), // backendUrl says .http
        ("", 418, None),
    ] {
        create(&me, query, route("/p", "/x", "get", "page")).await.expect(200);
        let answer = ask(&me, "GET", "/api/gw/guest/p/x").await.expect(status);
        assert_eq!(answer.header("content-type"), kind, "{query}");
    }
    let refused = create(&me, "?responsetype=xml", route("/p", "/x", "get", "page")).await.expect(400);
    assert_eq!(refused.error(), "'xml' is not a response type; use one of http, json, html, svg, text.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_outlives_its_action_and_serves_a_new_one_of_that_name() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let at = served(&me, "/late", "/x", "get", "echo").await;
    ask(&me, "GET", &at).await.expect(404);
    web_echo(&me).await;
    ask(&me, "GET", &at).await.expect(200);
    me.delete("actions/echo").await.expect(200);
    assert_eq!(ask(&me, "GET", &at).await.expect(404).error(), "The requested resource does not exist.");
    me.create_action("echo", &guest("echo")).await;
    ask(&me, "GET", &at).await.expect(404); // there, but no web action
    web_echo(&me).await;

    let wask = wask.restart().await;
    let me = wask.guest();
    ask(&me, "GET", &at).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_can_carry_the_secret_that_its_action_requires() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let annotations =
        json!([{ "key": "web-export", "value": true }, { "key": "require-whisk-auth", "value": "s3cret" }]);
    me.create_action_with("locked", &guest("echo"), json!({ "annotations": annotations })).await;
    served(&me, "/open", "/without", "get", "locked").await;
    let mut with = route("/open", "/with", "get", "locked");
    with["action"]["secureKey"] = json!("s3cret");
    let made = create(&me, "?responsetype=json", with).await.expect(200);
    assert!(!made.text().contains("s3cret"), "{}", made.text());

    ask(&me, "GET", "/api/gw/guest/open/without").await.expect(401);
    ask(&me, "GET", "/api/gw/guest/open/with").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_routes_requests_have_the_limits_and_throttles_of_its_web_action() {
    let wask = TestServer::builder()
        .clock_by_hand("2030-01-01T06:00:00Z")
        .configure(|config| {
            config.limits.payload_bytes = 1000;
            config.limits.invocations_per_minute = 2;
        })
        .start()
        .await;
    let me = wask.guest();
    web_echo(&me).await;
    let at = served(&me, "/club", "/books", "post", "echo").await;
    let large = me.anonymous(Method::POST, &at).header("content-type", "text/plain").body("x".repeat(1001));
    let refused = me.send(large).await.expect(413);
    assert_eq!(refused.error(), "Request larger than allowed: 1001 > 1000 bytes.");
    ask(&me, "POST", &at).await.expect(200);
    ask(&me, "POST", &at).await.expect(429);
}
