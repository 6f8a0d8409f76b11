//! Sequences and compositions whose components are in packages, or that are reached through a binding. rest.md §5.

use serde_json::json;
use wask_tests::{TestServer, annotation, guest};

use super::{bind, pairs, put_package, send, shared_echo};

fn sequence(components: &[&str]) -> serde_json::Value {
    json!({ "exec": { "kind": "sequence", "components": components } })
}

fn refused(names: &str) -> String {
    format!("The supplied authentication is not authorized to access '{names}'.")
}

#[tokio::test(flavor = "multi_thread")]
async fn b98_b99_components_get_their_packages_parameters_and_the_sequence_none() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    shared_echo(&other, "pub").await;
    let levels = json!({ "package": "p", "both": "p" });
    put_package(&other, "pub", json!({ "parameters": pairs(&levels) })).await.expect(200);
    let mine = json!({ "parameters": pairs(&json!({ "both": "a" })) });
    other.put("actions/pub/echo?overwrite=true", &mine).await.expect(200);
    other.put("actions/pub/all", &sequence(&["/_/pub/echo", "/whisk.system/utils/echo"])).await.expect(200);
    let binding =
        json!({ "binding": { "namespace": "other", "name": "pub" }, "parameters": pairs(&json!({ "b": 1 })) });
    put_package(&me, "b", binding).await.expect(200);

    let record = me.invoke("b/all", &json!({ "payload": 1 })).await.expect(200).json();

    let expected = json!({ "package": "p", "both": "a", "payload": 1 });
    assert_eq!(record["response"]["result"], expected, "the binding is not the way to the parts");
    assert_eq!(annotation(&record, "path"), Some(json!("other/pub/all")));
    assert_eq!(annotation(&record, "binding"), Some(json!("guest/b")));
    assert_eq!(me.activations_of("b/all").await.len(), 1);
    let part = me.activations_of_at_least("pub/echo", 1).await.remove(0);
    assert_eq!((&part["cause"], &part["namespace"]), (&record["activationId"], &json!("guest")));
    assert_eq!(annotation(&part, "binding"), None);

    me.put("actions/own", &sequence(&["/_/b/echo"])).await.expect(200);
    let record = me.invoke("own", &json!({ "both": "x" })).await.expect(200).json();
    assert_eq!(record["response"]["result"], json!({ "package": "p", "both": "x", "b": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn b93_a_sequence_cannot_contain_itself_through_a_binding() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    put_package(&me, "p", json!({})).await.expect(200);
    me.put("actions/p/s", &sequence(&["/whisk.system/utils/echo"])).await.expect(200);
    bind(&me, "b", "_", "p").await.expect(200);
    for component in ["/_/p/s", "/_/b/s"] {
        let answer = me.put("actions/p/s?overwrite=true", &sequence(&[component])).await.expect(400);
        assert_eq!(answer.error(), "Sequence may not refer to itself.", "{component}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_and_invoking_a_sequence_both_need_rights_to_every_component() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    for package in ["one", "two"] {
        shared_echo(&other, package).await;
    }
    for (components, status, sentence) in [
        (&["/other/two/none", "/other/z/a", "/other/z/b", "/other/a"][..], 403, refused("other/a, other/z")),
        (&["/_/none/a"][..], 404, "The requested resource does not exist.".to_owned()),
        (&["/other/one/none"][..], 400, "Sequence component does not exist.".to_owned()),
    ] {
        assert_eq!(me.put("actions/s", &sequence(components)).await.expect(status).error(), sentence);
    }
    let mut out_of_range = sequence(&["/other/a"]);
    out_of_range["limits"] = json!({ "memory": 1 });
    me.put("actions/s", &out_of_range).await.expect(400); // limits are checked before the rights to the components
    me.put("actions/s", &sequence(&["/other/two/echo", "/other/one/echo"])).await.expect(200);
    me.put("actions/nested", &sequence(&["/_/s"])).await.expect(200);
    for package in ["one", "two"] {
        put_package(&other, package, json!({ "publish": false })).await.expect(200);
    }
    for query in ["", "?blocking=true"] {
        let answer = send(&me, "POST", &format!("_/actions/s{query}"), json!({})).await.expect(403);
        assert_eq!(answer.error(), refused("other/one, other/two"));
    }
    let nested = me.invoke("nested", &json!({})).await.expect(502).json();
    assert_eq!(nested["response"]["result"], json!({ "error": refused("other/two") }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conductor_gets_an_error_for_an_action_its_invoker_cannot_use() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    shared_echo(&other, "pub").await;
    put_package(&other, "private", json!({})).await.expect(200);
    bind(&me, "b", "other", "pub").await.expect(200);
    let conductor = json!({ "annotations": pairs(&json!({ "conductor": true })) });
    me.create_action_with("conduct", &guest("echo"), conductor).await;
    for (name, result) in [
        ("b/echo", json!({ "a": 1 })),
        ("/other/pub/echo", json!({ "a": 1 })),
        ("b/none", json!({ "error": "Failed to resolve action with name 'guest/b/none' during composition." })),
        (
            "none/a",
            json!({ "error": "Failed entitlement check for action with name 'guest/none/a' during composition." }),
        ),
        (
            "/other/private/a",
            json!({ "error": "Failed entitlement check for action with name 'other/private/a' during composition." }),
        ),
    ] {
        let status = if result["error"].is_null() { 200 } else { 502 };
        let record = me.invoke("conduct", &json!({ "action": name, "params": { "a": 1 } })).await.expect(status).json();
        assert_eq!(record["response"]["result"], result, "{name}");
    }
}
