//! What an action of another namespace may do for whoever invokes it. guest.md §4.

use serde_json::{Value, json};
use wask_tests::{Client, TestServer, guest};

use super::{bind, put_package, send};

/// `other` shares a package of actions that ask for something; the guest has an action and a trigger of its own.
async fn two(wask: &TestServer) -> (Client, Client) {
    let (me, other) = (wask.guest(), wask.other("other").await);
    put_package(&other, "pub", json!({ "publish": true })).await.expect(200);
    for name in ["invoker", "firer", "echo", "env"] {
        other.create_action(&format!("pub/{name}"), &guest(name)).await;
    }
    let conducts = json!({ "annotations": [{ "key": "conductor", "value": true }] });
    other.create_action_with("pub/conductor", &guest("conductor"), conducts).await;
    other.create_action("echo", &guest("echo")).await;
    bind(&me, "bound", "other", "pub").await.expect(200);
    me.create_action("own", &guest("echo")).await;
    me.create_trigger("t").await;
    me.create_rule("r", "t", "own").await;
    (me, other)
}

/// The result of an action, invoked by this client.
async fn result(me: &Client, action: &str, args: Value) -> Value {
    send(me, "POST", &format!("{action}?blocking=true"), args).await.json()["response"]["result"].clone()
}

#[track_caller]
fn assert_refused(result: &Value, reason: &str) {
    let refused = &result["refused"];
    assert_eq!(refused["reason"], reason, "{result}");
    let error = refused["error"].as_str().unwrap();
    assert!(error.contains("'provide-api-key: true'") && error.contains("other/pub/"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_action_may_invoke_its_own_package_and_nothing_of_its_invoker() {
    let wask = TestServer::start().await;
    let (me, other) = two(&wask).await;
    let call = |name: &str| json!({ "name": name, "blocking": true, "result": true, "params": { "n": 1 } });

    for through in ["other/actions/pub", "_/actions/bound"] {
        let invoker = format!("{through}/invoker");
        for foreign in ["own", "/guest/own", "/_/own", "/whisk.system/utils/echo", "/other/echo"] {
            assert_refused(&result(&me, &invoker, call(foreign)).await, "forbidden");
        }
        assert_eq!(result(&me, &invoker, call("/other/pub/echo")).await, json!({ "n": 1 }));
        assert_refused(&result(&me, &format!("{through}/firer"), json!({ "name": "t" })).await, "forbidden");
        let mut with_callback = call("/other/pub/echo");
        with_callback["params"]["__ow_callback"] = "http://hooks.example.com/".into();
        assert_refused(&result(&me, &invoker, with_callback).await, "forbidden");
    }
    assert_eq!(result(&me, "_/actions/bound/invoker", call("bound/echo")).await, json!({ "n": 1 }));
    assert_refused(&result(&me, "other/actions/pub/invoker", call("bound/echo")).await, "forbidden");
    assert_eq!(me.activations_of("own").await.len(), 0);

    assert_eq!(result(&other, "_/actions/pub/invoker", call("echo")).await, json!({ "n": 1 }), "in its own namespace");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_conductor_may_call_its_own_package_only() {
    let wask = TestServer::start().await;
    let (me, _other) = two(&wask).await;
    let plan = |action: &str| json!({ "plan": [{ "action": action, "params": { "n": 1 } }] });

    let refused = result(&me, "other/actions/pub/conductor", plan("/guest/own")).await;
    assert!(refused["error"].as_str().is_some_and(|error| error.contains("'provide-api-key: true'")), "{refused}");
    assert_eq!(me.activations_of("own").await.len(), 0);
    assert_eq!(result(&me, "other/actions/pub/conductor", plan("/other/pub/echo")).await, json!({ "n": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_annotation_a_shared_action_acts_for_its_invoker() {
    let wask = TestServer::start().await;
    let (me, other) = two(&wask).await;
    let consent = json!({ "annotations": [{ "key": "provide-api-key", "value": true }] });
    for name in ["invoker", "firer", "env", "conductor"] {
        other.put(&format!("actions/pub/{name}?overwrite=true"), &consent).await.expect(200);
    }
    let call = json!({ "name": "own", "blocking": true, "result": true, "params": { "n": 1 } });
    assert_eq!(result(&me, "other/actions/pub/invoker", call).await, json!({ "n": 1 }));
    let fired = result(&me, "other/actions/pub/firer", json!({ "name": "t" })).await;
    assert!(fired["activationId"].is_string(), "{fired}");
    let plan = json!({ "plan": [{ "action": "own", "params": { "n": 2 } }] });
    assert_eq!(result(&me, "other/actions/pub/conductor", plan).await, json!({ "n": 2 }));

    let env = result(&me, "other/actions/pub/env", json!({})).await;
    let key = env["__OW_API_KEY"].as_str().expect("a key of the invoker");
    Client::new(wask.base(), key, "guest").get("actions/own").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_annotation_an_action_has_a_key_of_its_own_namespace_only() {
    let wask = TestServer::start().await;
    let (me, other) = two(&wask).await;
    let without = json!({ "delAnnotations": ["provide-api-key"] });
    other.put("actions/pub/env?overwrite=true", &without).await.expect(200);

    assert!(result(&other, "_/actions/pub/env", json!({})).await["__OW_API_KEY"].is_string());
    assert_eq!(result(&me, "other/actions/pub/env", json!({})).await.get("__OW_API_KEY"), None);
}
