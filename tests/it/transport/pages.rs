//! Requests that pages of other sites have a browser send, and hosts that are not the server's. threats.md T31.

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use wask_tests::{Client, TestServer, guest};

const EVIL: &str = "http://evil.example";
const REFUSED: &str =
    "A page of 'http://evil.example' may not change anything here: its origin is not in http.allow_origins.";
const TRIGGER: &str = "/api/v1/namespaces/_/triggers/t";

/// A request with the visitor's key, as a browser adds it, from a page of this origin.
fn from_page(me: &Client, method: Method, path: &str, origin: &str) -> RequestBuilder {
    me.request(method, path).header("origin", origin)
}

#[tokio::test(flavor = "multi_thread")]
async fn t31_a_page_of_another_site_changes_nothing_with_or_without_a_body() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_trigger("t").await;
    me.create_action("echo", &guest("echo")).await;
    let api = "/api/v1/web/whisk.system/apimgmt/createApi";

    for (method, path) in [
        (Method::PUT, "/api/v1/namespaces/_/triggers/new"),
        (Method::POST, TRIGGER),
        (Method::DELETE, TRIGGER),
        (Method::POST, "/api/v1/namespaces/_/actions/echo?blocking=true"),
        (Method::POST, api),
    ] {
        let bare = me.send(from_page(&me, method.clone(), path, EVIL)).await.expect(403);
        assert_eq!(bare.error(), REFUSED, "{method} {path}");
        assert_eq!(bare.header("access-control-allow-origin").is_some(), path != api, "a page may read why");
        let form = from_page(&me, method.clone(), path, EVIL).header("content-type", "text/plain").body("{}");
        me.send(form).await.expect(403);
        me.send(from_page(&me, method.clone(), path, "null")).await.expect(403);
        let silent = me.request(method.clone(), path).header("sec-fetch-site", "cross-site");
        let told = me.send(silent).await.expect(403).error();
        assert!(told.starts_with("A page of another site may not"), "{told}");
    }
    me.get("triggers/t").await.expect(200);
    me.get("triggers/new").await.expect(404);
    assert_eq!(me.activations_of("echo").await.len(), 0);

    // It may read what it has a key for, and ask whether it may do more.
    me.send(from_page(&me, Method::GET, TRIGGER, EVIL)).await.expect(200);
    me.send(me.anonymous(Method::OPTIONS, TRIGGER).header("origin", EVIL)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_own_pages_and_allowed_ones_may_change_things_and_so_may_whatever_is_no_browser() {
    let wask = TestServer::builder()
        .configure(|config| {
            config.server.api_host = "https://api.example.com".into();
            config.http.allow_origins = vec!["https://app.example.com".into()];
        })
        .start()
        .await;
    let me = wask.guest();
    me.create_trigger("t").await;
    let own = wask.base();
    for origin in [own.as_str(), "https://api.example.com", "https://app.example.com"] {
        let fired = from_page(&me, Method::POST, TRIGGER, origin).header("sec-fetch-site", "cross-site");
        me.send(fired).await.expect(204);
    }
    me.send(me.request(Method::POST, TRIGGER).header("sec-fetch-site", "same-origin")).await.expect(204);
    for origin in ["http://api.example.com", "https://app.example.com.evil.example", "https://localhost", EVIL] {
        me.send(from_page(&me, Method::POST, TRIGGER, origin)).await.expect(403);
    }

    let wask = wask.restart_with(|config| config.http.allow_origins = vec!["*".into()]).await;
    let me = wask.guest();
    me.send(from_page(&me, Method::POST, TRIGGER, EVIL)).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn web_actions_stay_open_to_every_page() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_web_action("echo", &guest("echo")).await;
    let path = me.web_path("echo.json");
    let route = json!({ "apidoc": {
        "namespace": "guest", "gatewayBasePath": "/b", "gatewayPath": "/p", "gatewayMethod": "POST",
        "apiName": "b", "id": "API:guest:/b",
        "action": { "name": "echo", "namespace": "guest", "backendMethod": "POST", "authkey": "k",
                    "backendUrl": format!("{}{path}", me.base()) },
    } });
    let create = "/api/v1/web/whisk.system/apimgmt/createApi.http?responsetype=json&accesstoken=x&spaceguid=x";
    me.send(me.request(Method::POST, create).json(&route)).await.expect(200);

    for path in [path.as_str(), "/api/gw/guest/b/p"] {
        let posted = me.anonymous(Method::POST, path).header("origin", EVIL).header("sec-fetch-site", "cross-site");
        let answer = me.send(posted.json(&json!({ "n": 1 }))).await.expect(200);
        assert_eq!((answer.json()["n"].as_u64(), answer.header("access-control-allow-origin")), (Some(1), Some("*")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_hosts_of_the_setting_are_answered() {
    let wask = TestServer::builder()
        .configure(|config| {
            config.server.api_host = "https://api.example.com".into();
            config.http.hosts = vec!["loopback".into(), "*.wask.example".into()];
        })
        .start()
        .await;
    let me = wask.guest();
    me.create_web_action("echo", &guest("echo")).await;
    let web = me.web_path("echo.json");
    let asked = |path: &str, host: &str| me.request(Method::GET, path).header("host", host);

    for path in ["/ping", "/api/v1/namespaces", web.as_str()] {
        for host in ["localhost:3233", "127.0.0.2", "[::1]:80", "api.example.com", "a.wask.example:8080"] {
            me.send(asked(path, host)).await.expect(200);
        }
        for host in ["evil.example", "wask.example", "localhost.evil.example", "10.0.0.1"] {
            let told = me.send(asked(path, host)).await.expect(421).error();
            let sentence = format!("This server does not answer for the host '{host}', which is not in http.hosts.");
            assert_eq!(told, sentence, "{path}");
        }
    }
}
