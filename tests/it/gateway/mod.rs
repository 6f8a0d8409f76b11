//! The API gateway: routes created like `wsk api`, `aio rt api` and their library create them, and requests to them.
//! clients.md §3.

mod managing;
mod serving;
mod uploading;

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::{Answer, Client, guest};

const MANAGEMENT: &str = "/api/v1/web/whisk.system/apimgmt";

/// One management call, with the key.
async fn manage(me: &Client, method: Method, call: &str) -> Answer {
    me.send(me.request(method, &format!("{MANAGEMENT}/{call}"))).await
}

async fn create(me: &Client, query: &str, apidoc: Value) -> Answer {
    let request = me.request(Method::POST, &format!("{MANAGEMENT}/createApi{query}"));
    me.send(request.json(&json!({ "apidoc": apidoc }))).await
}

/// The body that clients send for one route.
fn route(base: &str, path: &str, verb: &str, action: &str) -> Value {
    json!({
        "namespace": "_", "gatewayBasePath": base, "gatewayPath": path, "gatewayMethod": verb,
        "id": format!("API:_:{base}"),
        "action": {
            "name": action, "namespace": "guest", "backendMethod": "GET", "authkey": "uuid:key",
            "backendUrl": format!("http://127.0.0.1/api/v1/web/guest/default/{action}.http"),
        },
    })
}

/// Creates a route to a web action and returns the path at which it is served.
async fn served(me: &Client, base: &str, path: &str, verb: &str, action: &str) -> String {
    let made = create(me, "?responsetype=json", route(base, path, verb, action)).await.expect(200).json();
    below_host(made["gwApiUrl"].as_str().expect("gwApiUrl")) + path
}

/// A URL without scheme, host and port.
fn below_host(url: &str) -> String {
    let (_, rest) = url.split_once("://").expect("a URL");
    rest[rest.find('/').unwrap_or(rest.len())..].to_owned()
}

/// Deploys the web action `echo`, which returns its arguments.
async fn web_echo(me: &Client) {
    me.create_web_action("echo", &guest("echo")).await;
}

async fn ask(me: &Client, method: &str, path: &str) -> Answer {
    me.send(me.anonymous(method.parse().expect("a method"), path)).await
}

/// The APIs that getApi returns for a query: base paths with their paths and verbs.
async fn listed(me: &Client, query: &str) -> Vec<String> {
    let all = manage(me, Method::GET, &format!("getApi{query}")).await.expect(200).json();
    let mut found = Vec::new();
    for api in all["apis"].as_array().expect("apis") {
        let doc = &api["value"]["apidoc"];
        for (path, verbs) in doc["paths"].as_object().expect("paths") {
            for verb in verbs.as_object().expect("verbs").keys() {
                found.push(format!("{verb} {} {path}", doc["basePath"].as_str().expect("a base path")));
            }
        }
    }
    found
}
