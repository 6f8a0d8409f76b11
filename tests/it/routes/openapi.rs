//! The OpenAPI document: it has every route, and describes how to ask for a callback and how it arrives.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::TestServer;

use super::ROUTES;

/// `METHOD path` of every route as the OpenAPI document writes it: wildcards as named parameters, and without the
/// second form with a trailing slash.
fn documented_routes() -> BTreeSet<String> {
    let mut expected = BTreeSet::new();
    for (method, route, ..) in ROUTES {
        let is_collection = !route.ends_with("/actions/{name}/"); // that one lists a package
        let first = route.strip_suffix('/').unwrap_or_default();
        let is_second = is_collection && ROUTES.iter().any(|(_, path, ..)| *path == first);
        let call = match method {
            "GET" => "getApi",
            "POST" => "createApi",
            _ => "deleteApi",
        };
        let path = route
            .replace("/api/v1/web/{*address}", "/api/v1/web/{namespace}/{package}/{action}")
            .replace("/api/gw/{*address}", "/api/gw/{namespace}/{path}")
            .replace("{call}", call);
        let methods = match method {
            "ANY" => &["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS"][..],
            _ => &[method],
        };
        if !is_second {
            expected.extend(methods.iter().map(|method| format!("{method} {path}")));
        }
    }
    expected
}

#[tokio::test(flavor = "multi_thread")]
async fn the_openapi_document_and_the_docs_page_have_every_route() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let page = |path: &'static str| me.send(me.anonymous(Method::GET, path));
    let document = page("/api/v1/openapi.json").await.expect(200).json();
    let mut found = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for method in operations.as_object().expect("operations").keys().filter(|key| *key != "parameters") {
            found.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    assert_eq!(found, documented_routes());
    assert_eq!(document["openapi"], "3.0.3");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(unresolved(&document, &document), BTreeSet::new());

    assert_eq!(page("/api/v1/api-docs").await.expect(200).json(), document);
    let pages = page("/api-docs").await.expect(200).json();
    assert!(pages["paths"].get("/ping").is_some() && pages["paths"].get("/api/v1/namespaces").is_none());
    for docs in ["/docs", "/api/v1/docs"] {
        let moved = page(docs).await.expect(308);
        assert_eq!(
            moved.header("location"),
            Some(format!("docs/index.html?url={}", docs.replace("docs", "api-docs"))).as_deref()
        );
    }
    let html = page("/docs/index.html").await.expect(200);
    assert_eq!(html.header("content-type"), Some("text/html; charset=utf-8"));
    for route in found {
        let (method, path) = route.split_once(' ').expect("a method and a path");
        assert!(html.text().contains(&format!("<tr><td>{method}<td><code>{path}</code>")), "{route}");
    }
    assert!(!html.text().contains("http"), "the page loads nothing from elsewhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_openapi_document_describes_callbacks_and_their_requests() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let document = me.send(me.anonymous(Method::GET, "/api/v1/api-docs")).await.expect(200).json();
    let actions = "/api/v1/namespaces/{ns}/actions/{name}";
    for path in [actions, &format!("{actions}/{{inner}}"), "/api/v1/namespaces/{ns}/triggers/{name}"] {
        let operation = &document["paths"][path]["post"];
        let names = names_of(&document, &operation["parameters"]);
        assert!(names.is_superset(&["X-Wask-Callback", "X-Wask-Callback-Options"].into()), "{path}: {names:?}");
        let body = followed(&document, &operation["requestBody"]);
        let body = followed(&document, &body["content"]["application/json"]["schema"]);
        assert!(body["properties"].get("__ow_callback").is_some(), "{path}: {body}");

        let callback = followed(&document, &operation["callbacks"]["ended"]);
        for address in ["{$request.body#/__ow_callback/http/url}", "{$request.header.X-Wask-Callback}"] {
            let told = &callback[address]["post"];
            let sent = names_of(&document, &told["parameters"]);
            let expected = [
                "webhook-id",
                "webhook-timestamp",
                "webhook-signature",
                "X-Wask-Activation-Id",
                "X-Wask-Attempt",
                "X-Wask-Correlation-Id",
            ];
            assert_eq!(sent, expected.into(), "{path}");
            let body = followed(&document, &told["requestBody"])["content"]["application/json"]["schema"].clone();
            let example = &followed(&document, &body)["example"];
            assert_eq!((&example["name"], &example["statusCode"]), (&"guest/my-worker".into(), &0.into()));
        }
    }
    let accepted = followed(&document, &document["paths"][actions]["post"]["responses"]["202"]);
    assert!(accepted["headers"].get("X-Wask-Callback-Id").is_some());
    let unended = &document["paths"]["/api/v1/namespaces/{ns}/activations/{id}"]["get"]["responses"]["404"];
    let states = &followed(&document, unended)["headers"]["X-Wask-Activation-State"]["schema"]["enum"];
    assert_eq!(*states, json!(["queued", "running", "retrying"]));
}

/// The target of a reference; anything else unchanged.
fn followed<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    let path = part["$ref"].as_str();
    path.map_or(part, |path| document.pointer(&path[1..]).expect("a reference that resolves"))
}

/// The names of parameters.
fn names_of<'a>(document: &'a Value, parameters: &'a Value) -> BTreeSet<&'a str> {
    let all = parameters.as_array().expect("parameters").iter();
    all.map(|parameter| followed(document, parameter)["name"].as_str().expect("a name")).collect()
}

/// The references that do not resolve.
fn unresolved(document: &Value, part: &Value) -> BTreeSet<String> {
    match part {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str).filter(|path| document.pointer(&path[1..]).is_none());
            own.map(str::to_owned)
                .into_iter()
                .chain(members.values().flat_map(|part| unresolved(document, part)))
                .collect()
        }
        Value::Array(parts) => parts.iter().flat_map(|part| unresolved(document, part)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => BTreeSet::new(),
    }
}
