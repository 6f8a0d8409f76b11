//! How every REST resource handles HEAD, `Accept`, and a path that begins with two slashes.

use reqwest::Method;
use serde_json::json;
use wask_tests::TestServer;

use super::{NAMESPACES, send};

const NOT_ACCEPTABLE: &str = "Resource representation is only available with these types:\napplication/json";

#[tokio::test(flavor = "multi_thread")]
async fn section_1_7_head_works_on_pages_but_not_on_resources() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_trigger("t").await;
    for (path, allowed) in [
        ("", "GET"),
        ("/_/actions", "GET"),
        ("/_/triggers/t", "GET, PUT, POST, DELETE"),
        ("/_/packages/p", "GET, PUT, DELETE"),
        ("/_/activations/0123456789abcdef0123456789abcdef", "GET"),
    ] {
        let answer = send(&me, Method::HEAD, &format!("{NAMESPACES}{path}")).await.expect(405);
        assert_eq!(answer.header("allow"), Some(allowed), "{path}");
        assert!(answer.body.is_empty(), "{path}");
    }
    send(&me, Method::HEAD, &format!("{NAMESPACES}/_/nosuch")).await.expect(404);
    me.send(me.anonymous(Method::HEAD, &format!("{NAMESPACES}/_/actions"))).await.expect(401);
    for page in ["/", "/ping", "/api/v1"] {
        assert!(me.send(me.anonymous(Method::HEAD, page)).await.expect(200).body.is_empty(), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn section_1_7_an_excluded_type_is_406_but_errors_are_always_sent() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_trigger("t").await;
    let ask = |path: &str, accept: &str| {
        let request = me.request(Method::GET, &format!("/api/v1/namespaces{path}")).header("accept", accept);
        me.send(request)
    };
    for (accept, status) in [
        ("application/json", 200),
        ("*/*", 200),
        ("text/html, application/*;q=0.1", 200),
        ("text/html", 406),
        ("application/json;q=0, */*", 406),
    ] {
        for path in ["", "/_/triggers", "/_/triggers/t"] {
            let answer = ask(path, accept).await.expect(status);
            assert!(status == 200 || answer.error() == NOT_ACCEPTABLE, "{path}: {}", answer.text());
            assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
        }
    }
    let missing = ask("/_/triggers/none", "text/html").await.expect(404);
    assert_eq!(missing.error(), "The requested resource does not exist.");
    let nameless = ask("/_/triggers/a=b", "image/png").await.expect(400);
    assert_eq!(nameless.header("content-type"), Some("application/json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn section_1_7_clients_that_accept_json_also_get_plain_text() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_trigger("t").await;
    me.create_action("a", &wask_tests::wat("result-then-exit-0")).await;
    me.create_rule("r", "t", "a").await;
    let disable = |accept: &str| {
        let request = me.request(Method::POST, "/api/v1/namespaces/_/rules/r").header("accept", accept);
        me.send(request.json(&json!({ "status": "inactive" })))
    };
    for accept in ["application/json", "text/plain", "*/*"] {
        assert_eq!(disable(accept).await.expect(200).text(), "OK", "{accept}");
    }
    disable("image/png").await.expect(406);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_configured_with_a_trailing_slash_works() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_web_action("echo", &wask_tests::guest("echo")).await;
    assert_eq!(send(&me, Method::GET, "//api/v1/namespaces?").await.expect(200).json(), json!(["guest"]));
    me.send(me.anonymous(Method::GET, "//api/v1/namespaces")).await.expect(401);
    me.send(me.anonymous(Method::GET, "//ping")).await.expect(200);
    let echoed = me.send(me.anonymous(Method::GET, &format!("/{}", me.web_path("echo.json//a//b?x=1")))).await;
    assert_eq!(echoed.json()["__ow_path"], "//a//b", "only the first slashes are one");
}
