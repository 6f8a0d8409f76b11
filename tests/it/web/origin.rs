//! What a page of a web action can do with the origin that it is served from. threats.md T30.

use reqwest::Method;
use serde_json::json;
use wask_tests::{Answer, Client, TestServer};

use super::{post, web, web_echo};

const SANDBOX: &str = "sandbox allow-scripts allow-forms allow-popups allow-modals allow-downloads";
const POLICY: &str = "content-security-policy";

/// Both headers that keep a page from doing harm.
fn guarded(answer: &Answer) -> [Option<&str>; 2] {
    [POLICY, "x-content-type-options"].map(|name| answer.header(name))
}

#[tokio::test(flavor = "multi_thread")]
async fn t30_pages_of_the_shared_origin_are_sandboxed_and_no_answer_is_sniffed() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;
    for (path, status) in [
        ("echo.html?html=<script>", 200),
        ("echo.svg?svg=<svg/>", 200),
        ("echo.json", 200),
        ("echo.http?body=<p>", 200),
        ("echo.html", 400),
        ("none.html", 404),
    ] {
        let answer = me.send(web(&me, "GET", path)).await.expect(status);
        assert_eq!(guarded(&answer), [Some(SANDBOX), Some("nosniff")], "{path}");
    }
    let nowhere = me.send(me.anonymous(Method::GET, "/api/gw/guest/none")).await.expect(404);
    assert_eq!(guarded(&nowhere), [Some(SANDBOX), Some("nosniff")]);
    for path in ["/ping", "/", "/docs/index.html", "/nosuch", "/api/v1/namespaces", "/api/v1/namespaces/_/actions/x"] {
        let answer = me.send(me.request(Method::GET, path)).await;
        assert_eq!(guarded(&answer), [None, Some("nosniff")], "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_has_its_own_policy_if_it_wants_and_never_speaks_for_the_whole_origin() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;
    let headers = json!({
        "Content-Security-Policy": "default-src 'self'", "Service-Worker-Allowed": "/",
        "Clear-Site-Data": ["\"cookies\"", "\"storage\""], "X-Content-Type-Options": "sniff", "X-Own": "yes",
    });

    let answer = post(&me, "echo.http", &json!({ "headers": headers, "body": "<p>" })).await.expect(200);

    assert_eq!(guarded(&answer), [Some("default-src 'self'"), Some("nosniff")]);
    assert_eq!(answer.headers.get_all("x-content-type-options").iter().count(), 1);
    assert_eq!(answer.header("x-own"), Some("yes"));
    for dropped in ["service-worker-allowed", "clear-site-data"] {
        assert_eq!(answer.header(dropped), None, "{dropped}");
    }
}

/// A client of the same namespace that has another way in.
fn by_another_door(me: &Client, base: String) -> Client {
    Client::new(base, me.auth.clone(), me.namespace.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_of_their_own_serves_web_actions_without_a_sandbox_and_nothing_else() {
    let wask = TestServer::builder().configure(|config| config.web.listen = "127.0.0.1:0".into()).start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;
    let address = wask.web_address().expect("an address");
    let there = by_another_door(&me, format!("http://{address}"));

    let page = there.send(web(&there, "GET", "echo.html?html=<p>")).await.expect(200);
    assert_eq!((page.text().as_str(), guarded(&page)), ("<p>", [None, Some("nosniff")]));
    let here = me.send(web(&me, "GET", "echo.html?html=<p>")).await.expect(200);
    assert_eq!(guarded(&here), [Some(SANDBOX), Some("nosniff")]);
    only_web_actions_answer(&there, None).await;
    wask.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "both sockets are closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_of_their_own_leads_to_web_actions_without_a_sandbox_and_to_nothing_else() {
    let wask = TestServer::builder().configure(|config| config.web.hosts = vec!["*.apps.example".into()]).start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;

    let there = web(&me, "GET", "echo.html?html=<p>").header("host", "guest.apps.example:8080");
    assert_eq!(guarded(&me.send(there).await.expect(200)), [None, Some("nosniff")]);
    let elsewhere = web(&me, "GET", "echo.html?html=<p>").header("host", "apps.example");
    assert_eq!(guarded(&me.send(elsewhere).await.expect(200)), [Some(SANDBOX), Some("nosniff")]);
    only_web_actions_answer(&me, Some("a.apps.example")).await;
    me.get("actions").await.expect(200);
}

/// Everything of the API is a 404, whatever the method and the key.
async fn only_web_actions_answer(me: &Client, host: Option<&str>) {
    let api = "/api/v1/web/whisk.system/apimgmt/getApi";
    for path in ["/", "/api/v1", "/api/v1/namespaces", "/api/v1/namespaces/_/actions/echo", "/docs/index.html", api] {
        for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE, Method::OPTIONS] {
            let mut request = me.request(method.clone(), path);
            if let Some(host) = host {
                request = request.header("host", host);
            }
            let answer = me.send(request).await.expect(404);
            assert_eq!(answer.error(), "The requested resource could not be found.", "{method} {path}");
        }
    }
}
