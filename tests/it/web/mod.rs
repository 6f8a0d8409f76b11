//! Web actions: rest.md §8 and the bullets 140 to 180 of rest.md §11.8. Most stories use the guest `echo`, which
//! returns its arguments, so a request can ask for any response.

mod access;
mod bodies;
mod headers;
mod origin;
mod request;
mod response;

use serde_json::{Value, json};
use wask_tests::{Answer, Client, guest};

use reqwest::{Method, RequestBuilder};

/// Deploys `echo` as `name` with `web-export` and these annotations.
async fn web_echo(me: &Client, name: &str, annotations: Value) {
    web_echo_with(me, name, annotations, json!({})).await;
}

/// Like `web_echo`, with default parameters.
async fn web_echo_with(me: &Client, name: &str, annotations: Value, parameters: Value) {
    let mut all = pairs(&annotations);
    all.push(json!({ "key": "web-export", "value": true }));
    let more = json!({ "annotations": all, "parameters": pairs(&parameters) });
    me.create_action_with(name, &guest("echo"), more).await;
}

fn pairs(object: &Value) -> Vec<Value> {
    let members = object.as_object().expect("an object");
    members.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

/// A request without a key, below `/api/v1/web/guest/default/`.
fn web(me: &Client, method: &str, path: &str) -> RequestBuilder {
    me.anonymous(Method::from_bytes(method.as_bytes()).expect("a method"), &me.web_path(path))
}

/// Posts JSON to a web action.
async fn post(me: &Client, path: &str, body: &Value) -> Answer {
    me.send(web(me, "POST", path).json(body)).await
}
