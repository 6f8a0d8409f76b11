//! One table of every route, driven through "no key", "wrong namespace" and "body too large".

mod openapi;

use std::collections::BTreeSet;
use std::path::Path;

use reqwest::Method;
use wask_tests::{Answer, Client, TestServer};

/// Who can use a route.
#[derive(Clone, Copy, PartialEq)]
pub enum Door {
    /// Every caller: information, and web actions.
    Open,
    /// Like [`Door::Open`], but the answer is a redirect.
    Moved,
    /// Every caller with a key; the path has no namespace whose owner matters.
    Key,
    /// The owner of the namespace in the path.
    Owner,
    /// Like [`Door::Owner`], but other callers see what is shared, which is nothing here.
    Shared,
}

/// What a route does with a body.
#[derive(Clone, Copy, PartialEq)]
pub enum Body {
    Ignored,
    /// Bounded by `limits.request_bytes`.
    Document,
    /// Bounded by `limits.payload_bytes`.
    Payload,
    /// Read once the package has been found. There is none here, so the answer is 404.
    AfterPackage,
}

use Body::{AfterPackage, Document, Ignored, Payload};
use Door::{Key, Moved, Open, Owner, Shared};

const ID: &str = "0123456789abcdef0123456789abcdef";
const REQUEST_BYTES: u64 = 20_000;
const PAYLOAD_BYTES: u64 = 10_000;

/// Method, path, who can use it, what it does with a body. The route tables of `runtime/src/api` have the same routes.
#[rustfmt::skip]
pub const ROUTES: [(&str, &str, Door, Body); 84] = [
    ("GET", "/", Open, Ignored),
    ("GET", "/ping", Open, Ignored),
    ("GET", "/docs", Moved, Ignored),
    ("GET", "/docs/index.html", Open, Ignored),
    ("GET", "/api-docs", Open, Ignored),
    ("GET", "/api/v1/docs", Moved, Ignored),
    ("GET", "/api/v1/docs/index.html", Open, Ignored),
    ("GET", "/api/v1/api-docs", Open, Ignored),
    ("GET", "/api/v1/openapi.json", Open, Ignored),
    ("GET", "/runtime/namespaces/{ns}/logForwarding", Key, Ignored),
    ("GET", "/api/v1", Open, Ignored),
    ("GET", "/api/v1/", Open, Ignored),
    ("ANY", "/api/v1/web/{*address}", Open, Payload),
    ("GET", "/api/v1/web/whisk.system/apimgmt/{call}", Key, Ignored),
    ("POST", "/api/v1/web/whisk.system/apimgmt/{call}", Key, Document),
    ("DELETE", "/api/v1/web/whisk.system/apimgmt/{call}", Key, Ignored),
    ("ANY", "/api/gw/{*address}", Open, Payload),
    ("GET", "/api/v1/namespaces", Key, Ignored),
    ("GET", "/api/v1/namespaces/", Key, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/limits", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/limits/", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/limits/{name}", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/actions", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/actions/", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/actions/{name}", Owner, Ignored),
    ("PUT", "/api/v1/namespaces/{ns}/actions/{name}", Owner, Document),
    ("POST", "/api/v1/namespaces/{ns}/actions/{name}", Owner, Payload),
    ("DELETE", "/api/v1/namespaces/{ns}/actions/{name}", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/actions/{name}/", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/actions/{name}/{inner}", Owner, Ignored),
    ("PUT", "/api/v1/namespaces/{ns}/actions/{name}/{inner}", Owner, AfterPackage),
    ("POST", "/api/v1/namespaces/{ns}/actions/{name}/{inner}", Owner, AfterPackage),
    ("DELETE", "/api/v1/namespaces/{ns}/actions/{name}/{inner}", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/triggers", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/triggers/", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/triggers/{name}", Owner, Ignored),
    ("PUT", "/api/v1/namespaces/{ns}/triggers/{name}", Owner, Document),
    ("POST", "/api/v1/namespaces/{ns}/triggers/{name}", Owner, Payload),
    ("DELETE", "/api/v1/namespaces/{ns}/triggers/{name}", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/alarms", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/alarms/", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/alarms/{name}", Owner, Ignored),
    ("POST", "/api/v1/namespaces/{ns}/alarms/{name}/run", Owner, Ignored),
    ("POST", "/api/v1/namespaces/{ns}/alarms/{name}/pause", Owner, Ignored),
    ("POST", "/api/v1/namespaces/{ns}/alarms/{name}/resume", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/rules", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/rules/", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/rules/{name}", Owner, Ignored),
    ("PUT", "/api/v1/namespaces/{ns}/rules/{name}", Owner, Document),
    ("POST", "/api/v1/namespaces/{ns}/rules/{name}", Owner, Document),
    ("DELETE", "/api/v1/namespaces/{ns}/rules/{name}", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/packages", Shared, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/packages/", Shared, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/packages/{name}", Owner, Ignored),
    ("PUT", "/api/v1/namespaces/{ns}/packages/{name}", Owner, Document),
    ("DELETE", "/api/v1/namespaces/{ns}/packages/{name}", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/audit", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/audit/", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/activations", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/activations/", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/activations/{id}", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/activations/{id}/", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/activations/{id}/logs", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/activations/{id}/result", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/activations/{id}/status", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/activations/{id}/input", Owner, Ignored),
    ("POST", "/api/v1/namespaces/{ns}/activations/{id}/cancel", Owner, Ignored),
    ("POST", "/api/v1/namespaces/{ns}/activations/{id}/rerun", Owner, Payload),
    ("GET", "/api/v1/namespaces/{ns}/dead-letters", Owner, Ignored),
    ("DELETE", "/api/v1/namespaces/{ns}/dead-letters", Owner, Ignored),
    ("POST", "/api/v1/namespaces/{ns}/dead-letters/redrive", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/dead-letters/{id}", Owner, Ignored),
    ("DELETE", "/api/v1/namespaces/{ns}/dead-letters/{id}", Owner, Ignored),
    ("POST", "/api/v1/namespaces/{ns}/dead-letters/{id}/redrive", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/callbacks", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/callbacks/", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/callbacks/settings", Owner, Ignored),
    ("PUT", "/api/v1/namespaces/{ns}/callbacks/settings", Owner, Document),
    ("POST", "/api/v1/namespaces/{ns}/callbacks/settings/rotate", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/callbacks/{id}", Owner, Ignored),
    ("DELETE", "/api/v1/namespaces/{ns}/callbacks/{id}", Owner, Ignored),
    ("POST", "/api/v1/namespaces/{ns}/callbacks/{id}/retry", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/tasks", Owner, Ignored),
    ("GET", "/api/v1/namespaces/{ns}/tasks/", Owner, Ignored),
];

/// A path of this route in a namespace. The entity that it names does not exist.
fn path(route: &str, namespace: &str) -> String {
    let web = format!("{namespace}/default/hello.json");
    let named = route.replace("{ns}", namespace).replace("{*address}", &web);
    let named = named.replace("{call}", "createApi");
    let id = if route.contains("/callbacks/") { format!("cb_{ID}") } else { ID.to_owned() };
    named.replace("{name}", "missing").replace("{inner}", "inside").replace("{id}", &id)
}

/// Creates gateway routes to the web action `hello`, at the address that [`path`] puts in.
async fn serve_hello(me: &Client) {
    for verb in methods("ANY") {
        let action = serde_json::json!({ "name": "hello", "namespace": "_" });
        let doc = serde_json::json!({
            "namespace": "_", "gatewayBasePath": "/default", "gatewayPath": "/hello.json", "gatewayMethod": verb.as_str(),
            "action": action,
        });
        let path = "/api/v1/web/whisk.system/apimgmt/createApi?responsetype=json";
        me.send(me.request(Method::POST, path).json(&serde_json::json!({ "apidoc": doc }))).await.expect(200);
    }
}

/// The methods to try a route with.
fn methods(method: &str) -> Vec<Method> {
    match method {
        "ANY" => vec![Method::GET, Method::PUT, Method::POST, Method::DELETE],
        one => vec![one.parse().expect("a method")],
    }
}

async fn drive(me: &Client, method: Method, path: &str, body: Vec<u8>) -> Answer {
    let request = me.request(method, path).header("content-type", "application/json");
    me.send(request.body(body)).await
}

/// `METHOD path` of every route in the route tables of the API.
fn routes_of_the_source() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src/api");
    let mut found = BTreeSet::new();
    for wing in ["openwhisk", "wask"] {
        let source = std::fs::read_to_string(folder.join(wing).join("mod.rs")).expect("the route table of a wing");
        for (call, prefix, endings) in
            [(".route(", "", &[""][..]), (".resource(", "/api/v1", &[""]), (".both(", "/api/v1", &["", "/"])]
        {
            for route in source.split(call).skip(1) {
                let mut quoted = route.splitn(3, '"');
                let (_, path, handlers) =
                    (quoted.next(), quoted.next().expect("a path"), quoted.next().expect("handlers"));
                let handlers = handlers.split("\n        .").next().expect("up to the next call on the routes");
                for method in methods_of(handlers) {
                    found.extend(endings.iter().map(|ending| format!("{method} {prefix}{path}{ending}")));
                }
            }
        }
    }
    found
}

/// The methods that a line of a route table has handlers for.
fn methods_of(handlers: &str) -> Vec<String> {
    let calls: Vec<&str> = handlers.split(|c: char| !c.is_alphanumeric() && c != '(' && c != ':' && c != '_').collect();
    let has = |method: &&str| calls.iter().any(|call| call.starts_with(&format!("{method}(")));
    ["get", "put", "post", "delete", "patch", "any"].into_iter().filter(has).map(str::to_uppercase).collect()
}

#[test]
fn the_table_has_every_route_of_the_source() {
    let table: BTreeSet<String> = ROUTES.iter().map(|(method, path, ..)| format!("{method} {path}")).collect();
    assert_eq!(table, routes_of_the_source());
    assert_eq!(table.len(), ROUTES.len(), "no route stands twice in the table");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_only_information_and_web_actions_are_served() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_web_action("hello", &wask_tests::guest("echo")).await;
    serve_hello(&me).await;
    for (method, route, door, _) in ROUTES {
        let expected = match door {
            Open => 200,
            Moved => 308,
            Key | Owner | Shared => 401,
        };
        for method in methods(method) {
            let path = path(route, "guest");
            let answer = me.send(me.anonymous(method.clone(), &path)).await;
            assert_eq!(answer.status, expected, "{method} {path}: {}", answer.text());
            assert_eq!(answer.header("www-authenticate").is_some(), expected == 401, "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_refuses_another_owners_namespace() {
    let wask = TestServer::start().await;
    let (me, _other) = (wask.guest(), wask.other("other").await);
    for (method, route, door, _) in ROUTES.iter().filter(|(_, _, door, _)| matches!(door, Owner | Shared)) {
        for (method, namespace) in methods(method).into_iter().flat_map(|m| [(m.clone(), "other"), (m, "nobody")]) {
            let path = path(route, namespace);
            let answer = drive(&me, method.clone(), &path, b"{}".to_vec()).await;
            match door {
                Shared => assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, "[]"), "{method} {path}"),
                _ => {
                    assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
                    let quoted = format!("The supplied authentication is not authorized to access '{namespace}");
                    assert!(answer.error().starts_with(&quoted), "{method} {path}: {}", answer.error());
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_that_reads_a_body_refuses_one_that_is_too_large() {
    let limits = |config: &mut wask::config::Config| {
        config.limits.request_bytes = REQUEST_BYTES;
        config.limits.payload_bytes = PAYLOAD_BYTES;
        config.gateway.document_bytes = REQUEST_BYTES;
    };
    let wask = TestServer::builder().configure(limits).start().await;
    let me = wask.guest();
    let web = serde_json::json!([{ "key": "web-export", "value": true }]);
    me.create_action_with("hello", &wask_tests::wat("result-then-exit-0"), serde_json::json!({ "annotations": web }))
        .await;
    serve_hello(&me).await;
    for (method, route, _, body) in ROUTES {
        for method in methods(method) {
            let (path, size) = (path(route, "guest"), if body == Payload { PAYLOAD_BYTES } else { REQUEST_BYTES } + 1);
            let answer = drive(&me, method.clone(), &path, vec![b' '; size as usize]).await;
            let expected = match body {
                Document | Payload => Some(format!("Request larger than allowed: {size} > {} bytes.", size - 1)),
                Ignored => None,
                AfterPackage => {
                    assert_eq!(answer.status, 404, "{method} {path}");
                    None
                }
            };
            assert_eq!(answer.status == 413, expected.is_some(), "{method} {path}: {}", answer.text());
            assert_eq!(expected.unwrap_or(answer.error()), answer.error(), "{method} {path}");
        }
    }
    let feed = "/api/v1/namespaces/whisk.system/actions/alarms/alarm";
    drive(&me, Method::POST, feed, vec![b' '; PAYLOAD_BYTES as usize + 1]).await.expect(413);
}
