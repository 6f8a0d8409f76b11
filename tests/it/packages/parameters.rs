//! Default parameters of packages and bindings, which those of the action override. rest.md §3.7, §8.4.

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::{Client, TestServer, guest};

use super::{pairs, put_package};

/// `other/pub/{action}` behind the binding `guest/b`: the package decides `one`, the binding `two`, the action `three`.
async fn layered(wask: &TestServer, action: &str, annotations: Value) -> (Client, Client) {
    let (me, other) = (wask.guest(), wask.other("other").await);
    let package = json!({ "one": "package", "two": "package", "three": "package", "null": null });
    let annotations_of_package = pairs(&json!({ "web-export": true, "final": true, "raw-http": true }));
    let body = json!({ "publish": true, "parameters": pairs(&package), "annotations": annotations_of_package });
    put_package(&other, "pub", body.clone()).await.expect(200);
    let more = json!({ "parameters": pairs(&json!({ "three": "action" })), "annotations": pairs(&annotations) });
    other.create_action_with(&format!("pub/{action}"), &guest(action), more).await;
    let binding = json!({
        "binding": { "namespace": "other", "name": "pub" }, "annotations": annotations_of_package,
        "parameters": pairs(&json!({ "two": "binding", "three": "binding" })),
    });
    put_package(&me, "b", binding).await.expect(200);
    (me, other)
}

fn sorted(parameters: &Value) -> Vec<String> {
    let mut all: Vec<String> = parameters
        .as_array()
        .unwrap()
        .iter()
        .map(|p| format!("{}={}", p["key"], p["value"]).replace('"', ""))
        .collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn the_payload_overrides_action_then_binding_then_package_parameters() {
    let wask = TestServer::start().await;
    let (me, other) = layered(&wask, "echo", json!({})).await;

    let through = me.invoke("b/echo", &json!({})).await.expect(200).json()["response"]["result"].clone();
    assert_eq!(through, json!({ "one": "package", "two": "binding", "three": "action", "null": null }));
    let direct = other.invoke("pub/echo", &json!({})).await.expect(200).json()["response"]["result"].clone();
    assert_eq!(direct, json!({ "one": "package", "two": "package", "three": "action", "null": null }));
    let payload = json!({ "one": 1, "two": 2, "three": 3, "null": 4 });
    assert_eq!(me.invoke("b/echo", &payload).await.expect(200).json()["response"]["result"], payload);

    let shown = me.get("actions/b/echo").await.json();
    assert_eq!(sorted(&shown["parameters"]), ["null=null", "one=package", "three=action", "two=binding"]);
    let shown = other.get("actions/pub/echo").await.json();
    assert_eq!(sorted(&shown["parameters"]), ["null=null", "one=package", "three=action", "two=package"]);
    let stored = other.put("actions/pub/echo?overwrite=true", &json!({})).await.expect(200).json();
    assert_eq!(sorted(&stored["parameters"]), ["three=action"], "PUT answers what is stored");
    let removed = other.delete("actions/pub/echo").await.expect(200).json();
    assert_eq!(sorted(&removed["parameters"]), ["three=action"], "and so does DELETE");
    let binding = me.get("packages/b").await.json();
    assert_eq!(sorted(&binding["parameters"]), ["null=null", "one=package", "three=binding", "two=binding"]);
    let summary = me.get("actions/b/").await.expect(200).json();
    assert_eq!(summary, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_final_action_protects_its_package_and_binding_parameters_too() {
    let wask = TestServer::start().await;
    let (me, _other) = layered(&wask, "echo", json!({ "final": true })).await;
    for key in ["one", "two", "three"] {
        me.invoke("b/echo", &json!({ key: 1 })).await.expect(400);
    }
    me.invoke("b/echo", &json!({ "null": 1, "new": 2 })).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn init_parameters_of_packages_and_bindings_are_environment_variables() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let init = |value: &str| json!([{ "key": "LEVEL", "value": value, "init": true }, { "key": value, "value": "set", "init": true }]);
    put_package(&me, "p", json!({ "parameters": init("package") })).await.expect(200);
    me.create_action("p/env", &guest("env")).await;
    let binding = json!({ "binding": { "namespace": "_", "name": "p" }, "parameters": init("binding") });
    put_package(&me, "b", binding).await.expect(200);

    for (name, level) in [("p/env", "package"), ("b/env", "binding")] {
        let seen = me.invoke(name, &json!({})).await.expect(200).json()["response"]["result"].clone();
        assert_eq!((&seen["LEVEL"], &seen["package"]), (&json!(level), &json!("set")), "{name}");
    }
}

/// Calls a web action of a package with the extension `.json`.
async fn web(me: &Client, path: &str, query: &str) -> wask_tests::Answer {
    me.send(me.anonymous(Method::GET, &format!("/api/v1/web/{path}.json{query}"))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn b153_to_b155_a_web_action_inherits_parameters_but_no_annotations() {
    let wask = TestServer::start().await;
    let (me, _other) = layered(&wask, "echo", json!({ "web-export": true })).await;
    for (path, two) in [("guest/b/echo", "binding"), ("other/pub/echo", "package")] {
        let got = web(&me, path, "?three=query&two2=x").await.expect(200).json();
        let expected = (&json!("package"), &json!(two), &json!("query")); // 153; `final` of the package does not count: 154
        assert_eq!((&got["one"], &got["two"], &got["three"]), expected, "{path}");
        assert_eq!(got["__ow_query"], json!(null), "`raw-http` of the package does not count");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b154_b155_web_annotations_of_a_package_are_ignored_and_final_covers_all() {
    let wask = TestServer::start().await;
    let (me, other) = layered(&wask, "echo", json!({ "web-export": true, "final": true })).await;
    other.create_action("pub/closed", &guest("echo")).await;
    for path in ["guest/b", "other/pub"] {
        web(&me, &format!("{path}/closed"), "").await.expect(404); // 154
        for key in ["one", "two", "three"] {
            web(&me, &format!("{path}/echo"), &format!("?{key}=x")).await.expect(400); // 155
        }
        assert_eq!(web(&me, &format!("{path}/echo"), "?null=x").await.expect(200).json()["null"], "x");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_action_through_a_binding_runs_for_its_owner_while_shared() {
    let wask = TestServer::start().await;
    let (me, other) = layered(&wask, "echo", json!({ "web-export": true })).await;
    let answer = web(&me, "guest/b/echo", "").await.expect(200);
    let record = me.ended(answer.header("x-openwhisk-activation-id").expect("an id")).await;
    assert_eq!(record["namespace"], "guest");
    assert_eq!(wask_tests::annotation(&record, "binding"), Some(json!("guest/b")));

    put_package(&other, "pub", json!({ "publish": false })).await.expect(200);
    let refused = web(&me, "guest/b/echo", "").await.expect(403);
    assert_eq!(refused.error(), "The supplied authentication is not authorized to access 'guest/b'.");
    web(&me, "other/pub/echo", "").await.expect(200);
    web(&me, "guest/b/none", "").await.expect(404);
    other.delete("packages/pub?force=true").await.expect(200);
    web(&me, "guest/b/echo", "").await.expect(404);
}
