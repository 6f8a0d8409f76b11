//! The rights to read, invoke and change packages of other namespaces. rest.md §1.4, §7.4.

use serde_json::{Value, json};
use wask_tests::{Client, TestServer, guest};

use super::{bind, put_package, send, shared_echo};

fn refused(name: &str) -> String {
    format!("The supplied authentication is not authorized to access '{name}'.")
}

/// Two namespaces: `other` has a shared and a private package, each with the action `echo`, and an action of its own.
async fn two(wask: &TestServer) -> (Client, Client) {
    let (me, other) = (wask.guest(), wask.other("other").await);
    shared_echo(&other, "pub").await;
    put_package(&other, "private", json!({})).await.expect(200);
    for name in ["private/echo", "echo"] {
        other.create_action_with(name, &guest("echo"), json!({ "publish": true })).await;
    }
    put_package(&other, "pointer", json!({ "publish": true, "binding": { "namespace": "_", "name": "pub" } }))
        .await
        .expect(200);
    (me, other)
}

#[tokio::test(flavor = "multi_thread")]
async fn b137_other_namespaces_can_use_a_package_only_while_it_is_shared() {
    let wask = TestServer::start().await;
    let (me, _other) = two(&wask).await;
    for (method, path, name) in [
        ("GET", "packages/private", "other/private"),
        ("GET", "packages/missing", "other/missing"), // does not reveal that it is missing
        ("GET", "packages/pointer", "other/pointer"), // a binding is never shared
        ("GET", "packages/echo", "other/echo"),
        ("GET", "actions/private/", "other/private"),
        ("GET", "actions/missing/", "other/missing"),
        ("GET", "actions/pointer/", "other/pointer"),
        ("GET", "actions/private/echo", "other/private"),
        ("GET", "actions/missing/echo", "other/missing"),
        ("GET", "actions/pointer/echo", "other/pointer"),
        ("GET", "actions/echo/echo", "other/echo"),
        ("GET", "actions/echo", "other/echo"),
        ("POST", "actions/private/echo", "other/private"),
        ("POST", "actions/pointer/echo", "other/pointer"),
        ("POST", "actions/echo", "other/echo"),
        ("PUT", "packages/pub", "other/pub"),
        ("DELETE", "packages/pub", "other/pub"),
        ("PUT", "packages/new", "other/new"),
        ("PUT", "actions/pub/echo", "other/pub/echo"),
        ("DELETE", "actions/pub/echo", "other/pub/echo"),
        ("GET", "actions", "other"),
    ] {
        let answer = send(&me, method, &format!("other/{path}"), json!({})).await.expect(403);
        assert_eq!(answer.error(), refused(name), "{method} {path}");
    }
    for path in ["packages/pub", "actions/pub/", "actions/pub/echo"] {
        send(&me, "GET", &format!("other/{path}"), json!(null)).await.expect(200);
    }
    send(&me, "GET", "other/actions/pub/none", json!(null)).await.expect(404);
    send(&me, "POST", "other/actions/pub/none", json!({})).await.expect(404);
    let record = send(&me, "POST", "other/actions/pub/echo?blocking=true", json!({ "a": 1 })).await.expect(200).json();
    assert_eq!((&record["namespace"], &record["subject"]), (&json!("guest"), &json!("guest")));
    assert_eq!(me.activations_of("pub/echo").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_needs_invoke_rights_and_the_error_names_all_refused_entities() {
    let wask = TestServer::start().await;
    let (me, other) = two(&wask).await;
    bind(&me, "b", "other", "pub").await.expect(200);
    me.create_trigger("t").await;
    for (trigger, action, names) in [
        ("/other/event", "/other/private/echo", "other/event, other/private"),
        ("/_/t", "/other/private/echo", "other/private"),
        ("/_/t", "/other/pointer/echo", "other/pointer"),
        ("/_/t", "/other/echo", "other/echo"),
        ("/other/event", "/_/b/echo", "other/event"),
    ] {
        let answer = me.put("rules/r", &json!({ "trigger": trigger, "action": action })).await.expect(403);
        assert_eq!(answer.error(), refused(names), "{trigger} → {action}");
    }
    for (action, status, sentence) in [
        ("/_/none/echo", 404, "The requested resource does not exist."),
        ("/_/b/none", 400, "action /guest/b/none does not exist"),
    ] {
        let answer = me.put("rules/r", &json!({ "trigger": "/_/t", "action": action })).await.expect(status);
        assert_eq!(answer.error(), sentence);
    }

    let rule = me.put("rules/r", &json!({ "trigger": "/_/t", "action": "/_/b/echo" })).await.expect(200).json();
    assert_eq!(rule["action"], json!({ "path": "guest/b", "name": "echo" }));
    let direct = me.put("rules/direct", &json!({ "trigger": "/_/t", "action": "/other/pub/echo" })).await;
    assert_eq!(direct.expect(200).json()["action"], json!({ "path": "other/pub", "name": "echo" }));

    let fired = me.post("triggers/t", &json!({ "a": 1 })).await.expect(202).json()["activationId"].clone();
    for name in ["b/echo", "pub/echo"] {
        let records = me.activations_of_at_least(name, 1).await;
        assert_eq!((&records[0]["response"]["result"]["a"], &records[0]["cause"]), (&json!(1), &fired), "{name}");
    }
    put_package(&other, "pub", json!({ "publish": false })).await.expect(200);
    let fired = me.post("triggers/t", &json!({})).await.expect(202).json()["activationId"].clone();
    let logs = me.ended(fired.as_str().unwrap()).await["logs"].clone();
    let lines: Vec<Value> =
        logs.as_array().unwrap().iter().map(|l| serde_json::from_str(l.as_str().unwrap()).unwrap()).collect();
    for (rule, name) in [("guest/r", "guest/b"), ("guest/direct", "other/pub")] {
        let line = lines.iter().find(|line| line["rule"] == rule).unwrap();
        assert_eq!((&line["statusCode"], &line["error"]), (&json!(1), &json!(refused(name))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_can_invoke_what_its_namespace_can() {
    let wask = TestServer::start().await;
    let (me, _other) = two(&wask).await;
    bind(&me, "b", "other", "pub").await.expect(200);
    me.create_action("invoker", &guest("invoker")).await;
    for (name, answer) in [
        ("b/echo", json!({ "a": 1 })),
        ("/other/pub/echo", json!({ "a": 1 })),
        ("/other/private/echo", json!({ "refused": { "reason": "forbidden", "error": refused("other/private") } })),
        ("/other/echo", json!({ "refused": { "reason": "forbidden", "error": refused("other/echo") } })),
        (
            "none/echo",
            json!({ "refused": { "reason": "not-found", "error": "The requested resource does not exist." } }),
        ),
    ] {
        let args = json!({ "name": name, "params": { "a": 1 }, "blocking": true, "result": true });
        assert_eq!(me.invoke("invoker", &args).await.expect(200).json()["response"]["result"], answer, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_packages_can_be_set_to_allow_only_invoking() {
    let wask =
        TestServer::builder().configure(|config| config.catalog.shared_packages_execute_only = true).start().await;
    let (me, other) = two(&wask).await;
    bind(&me, "b", "other", "pub").await.expect(200);
    for (path, sentence) in [
        ("other/packages/pub", "GET not permitted for 'other/pub' since it's a shared package"),
        ("other/actions/pub/", "GET not permitted for 'other/pub' since it's a shared package"),
        ("other/actions/pub/echo", "GET not permitted for 'other/pub' since it's an action in a shared package"),
        ("_/packages/b", "GET not permitted since b is a binding of a shared package"),
        ("_/actions/b/", "GET not permitted since b is a binding of a shared package"),
        (
            "_/actions/b/echo",
            "GET not permitted for 'guest/b/echo'. Resource does not exist or is an action in a shared package binding.",
        ),
        (
            "_/actions/b/none",
            "GET not permitted for 'guest/b/none'. Resource does not exist or is an action in a shared package binding.",
        ),
        ("other/packages/private", "The supplied authentication is not authorized to access 'other/private'."),
    ] {
        assert_eq!(send(&me, "GET", path, json!(null)).await.expect(403).error(), sentence, "{path}");
    }
    for path in ["other/actions/pub/echo?blocking=true", "_/actions/b/echo?blocking=true"] {
        send(&me, "POST", path, json!({})).await.expect(200);
    }
    for path in ["packages/pub", "packages/pointer", "actions/pub/echo", "actions/pointer/echo", "actions/pub/"] {
        other.get(path).await.expect(200);
    }
    send(&me, "GET", "whisk.system/packages/utils", json!(null)).await.expect(200);
    assert_eq!(super::names(&send(&me, "GET", "other/packages", json!(null)).await.json()), ["pub"]);
}
