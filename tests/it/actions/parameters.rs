//! Default parameters: merging, environment variables, and final parameters.

use serde_json::{Value, json};
use wask_tests::{Client, TestServer, guest};

async fn result(me: &Client, name: &str, args: Value) -> Value {
    me.post(&format!("actions/{name}?blocking=true&result=true"), &args).await.expect(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_payload_overrides_parameters_key_by_key() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let parameters =
        json!([{ "key": "a", "value": { "x": 1 } }, { "key": "b", "value": 2 }, { "key": "n", "value": null }]);
    me.create_action_with("echo", &guest("echo"), json!({ "parameters": parameters })).await;

    assert_eq!(result(&me, "echo", json!({})).await, json!({ "a": { "x": 1 }, "b": 2, "n": null }));
    let args = json!({ "a": { "y": 1 }, "b": null, "c": 3 });
    let merged = json!({ "a": { "y": 1 }, "b": null, "n": null, "c": 3 });
    assert_eq!(result(&me, "echo", args.clone()).await, merged);

    let id = me.invoke_async("echo", &args).await;
    assert_eq!(me.ended(&id).await["response"]["result"], merged, "also without waiting");
}

#[tokio::test(flavor = "multi_thread")]
async fn b58_init_parameters_become_environment_variables_not_arguments() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let parameters = json!([
        { "key": "TEXT", "value": "a b", "init": true },
        { "key": "NULL", "value": null, "init": true },
        { "key": "FLAG", "value": true, "init": true },
        { "key": "NUMBER", "value": 1.5, "init": true },
        { "key": "OBJECT", "value": { "a": [1, 2] }, "init": true },
        { "key": "plain", "value": 1 },
    ]);
    for name in ["env", "echo"] {
        me.create_action_with(name, &guest(name), json!({ "parameters": parameters })).await;
        let shown = me.get(&format!("actions/{name}")).await.json()["parameters"].clone();
        assert_eq!(shown, parameters, "`init` is shown where it is set and nowhere else");
    }

    let seen = result(&me, "env", json!({})).await;
    for (key, text) in [("TEXT", "a b"), ("NULL", ""), ("FLAG", "true"), ("NUMBER", "1.5"), ("OBJECT", "{\"a\":[1,2]}")]
    {
        assert_eq!(seen[key], text, "{key}");
    }
    assert_eq!(seen["plain"], Value::Null);
    assert_eq!(result(&me, "echo", json!({ "TEXT": 2 })).await, json!({ "plain": 1, "TEXT": 2 }));
    assert_eq!(result(&me, "env", json!({ "TEXT": 2 })).await["TEXT"], "a b");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_cannot_forge_the_platforms_variables() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let parameters = json!([{ "key": "__OW_NAMESPACE", "value": "whisk.system", "init": true }]);
    me.create_action_with("env", &guest("env"), json!({ "parameters": parameters })).await;

    assert_eq!(result(&me, "env", json!({})).await["__OW_NAMESPACE"], "guest");
}

#[tokio::test(flavor = "multi_thread")]
async fn b71_overriding_a_final_parameter_is_refused_and_not_recorded() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let more = json!({
        "parameters": [{ "key": "fixed", "value": 1 }, { "key": "open", "value": null }],
        "annotations": [{ "key": "final", "value": true }],
    });
    me.create_action_with("echo", &guest("echo"), more).await;

    for query in ["", "?blocking=true"] {
        for value in [json!(1), json!(2), json!(null)] {
            let refused = me.post(&format!("actions/echo{query}"), &json!({ "fixed": value })).await.expect(400);
            let sentence = "Request defines parameters that are not allowed (e.g., reserved properties).";
            assert_eq!(refused.error(), sentence);
            assert_eq!(refused.header("x-openwhisk-activation-id"), None);
        }
    }
    assert_eq!(me.get("activations").await.json(), json!([]));
    let args = json!({ "open": 2, "new": 3 });
    assert_eq!(result(&me, "echo", args).await, json!({ "fixed": 1, "open": 2, "new": 3 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entity_has_at_most_a_thousand_parameters_and_a_thousand_annotations() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let entries = |from: usize, count: usize| -> Value {
        (from..from + count).map(|key| json!({ "key": format!("k{key}"), "value": key })).collect()
    };
    for member in ["parameters", "annotations"] {
        let sentence = format!("{member} has more entries than allowed: 1001 > 1000 (limits.{member}_entries).");
        for path in ["packages/p", "triggers/t", "actions/a"] {
            let body = |count| json!({ "exec": { "kind": "wasm:1", "code": "" }, member: entries(0, count) });
            let path = format!("{path}?overwrite=true");
            me.put(&path, &body(1000)).await.expect(200);
            assert_eq!(me.put(&path, &body(1001)).await.expect(413).error(), sentence, "{path}");
        }
    }

    let merged = json!({ "annotations": entries(1000, 1) });
    let sentence = "annotations has more entries than allowed: 1001 > 1000 (limits.annotations_entries).";
    assert_eq!(me.put("actions/a?overwrite=true", &merged).await.expect(413).error(), sentence, "with those it has");
    let swapped = json!({ "annotations": entries(1000, 1), "delAnnotations": ["k7", "none"] });
    let document = me.put("actions/a?overwrite=true", &swapped).await.expect(200);
    assert_eq!((document.annotation("k7"), document.annotation("k1000")), (None, Some(json!(1000))));
    let deleted = json!({ "delAnnotations": vec!["k"; 1001] });
    let sentence = "delAnnotations has more entries than allowed: 1001 > 1000 (limits.annotations_entries).";
    assert_eq!(me.put("actions/a?overwrite=true", &deleted).await.expect(413).error(), sentence);
}
