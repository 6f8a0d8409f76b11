//! Sequences: how they are defined, run and recorded. Numbers are the cases of rest.md §11.5.

mod durable;
mod running;

use serde_json::{Value, json};
use wask_tests::{Answer, Client, TestServer, annotation, guest};

/// Puts a sequence. A component is a name in the caller's namespace or a path that begins with `/`.
async fn put_sequence(client: &Client, name: &str, components: &[&str]) -> Answer {
    let paths: Vec<String> = components
        .iter()
        .map(|component| if component.starts_with('/') { (*component).to_owned() } else { format!("/_/{component}") })
        .collect();
    let body = json!({ "exec": { "kind": "sequence", "components": paths } });
    client.put(&format!("actions/{name}?overwrite=true"), &body).await
}

async fn create_sequence(client: &Client, name: &str, components: &[&str]) {
    put_sequence(client, name, components).await.expect(200);
}

/// An action that returns its arguments, with a default of its own.
async fn create_adding(client: &Client, name: &str, key: &str, value: Value) {
    let parameters = json!({ "parameters": [{ "key": key, "value": value }] });
    client.create_action_with(name, &guest("echo"), parameters).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_shows_its_components_but_no_client_code_or_parameters() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    create_adding(&me, "a", "x", json!(1)).await;
    let body = json!({
        "exec": { "kind": "sequence", "components": ["/_/a", "guest/a", { "path": "_", "name": "a" }], "code": "" },
        "parameters": [{ "key": "mine", "value": 1 }],
    });

    let made = me.put("actions/s", &body).await.expect(200).json();

    let list = json!(["/guest/a", "/guest/a", "/guest/a"]);
    assert_eq!(made["exec"], json!({ "kind": "sequence", "components": list }));
    assert_eq!(made["parameters"], json!([{ "key": "_actions", "value": list }]));
    assert_eq!(annotation(&made, "exec"), Some(json!("sequence")));
    assert_eq!(me.get("actions/s").await.expect(200).json(), made);

    let update = json!({ "parameters": [{ "key": "mine", "value": 1 }] });
    let updated = me.put("actions/s?overwrite=true", &update).await.expect(200).json();
    assert_eq!((&updated["parameters"], &updated["version"]), (&made["parameters"], &json!("0.0.2")));
    let summary = me.get("actions").await.expect(200).json();
    assert_eq!(summary[0]["exec"], json!({ "binary": false }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_becomes_a_sequence_and_an_action_again() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    create_adding(&me, "a", "x", json!(1)).await;
    create_adding(&me, "b", "y", json!(2)).await;

    create_sequence(&me, "b", &["a"]).await;
    assert_eq!(me.invoke("b", &json!({})).await.expect(200).json()["response"]["result"], json!({ "x": 1 }));

    me.create_action("b", &guest("echo")).await;
    let document = me.get("actions/b?code=false").await.expect(200).json();
    assert_eq!(document["parameters"], json!([]));
    assert_eq!(me.invoke("b", &json!({ "z": 3 })).await.expect(200).json()["response"]["result"], json!({ "z": 3 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn b88_to_b91_a_list_that_cannot_be_a_sequence_is_refused() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("a", &guest("echo")).await;
    me.create_action("b", &guest("echo")).await;
    me.create_trigger("t").await;
    let missing = "Sequence component does not exist.";
    let unqualified =
        "The fully qualified name of the entity must contain at least the namespace and the name of the entity.";
    let table = [
        (json!(["a"]), unqualified),
        (json!([]), "No component specified for the sequence."),
        (json!(null), "'components' must be an array"),
        (json!("/_/a"), "'components' must be an array"),
        (json!(["/_/a", "/_/missing"]), missing),
        (json!(["/_/t"]), missing),
        (json!(vec!["/_/a"; 51]), "Too many actions in the sequence."),
    ];
    for (components, error) in table {
        let body = json!({ "exec": { "kind": "sequence", "components": components } });
        for path in ["actions/s", "actions/b?overwrite=true"] {
            let refused = me.put(path, &body).await.expect(400);
            assert!(refused.error().contains(error), "{path} {components}: {}", refused.error());
        }
    }
    let without = me.put("actions/s", &json!({ "exec": { "kind": "sequence" } })).await.expect(400);
    assert!(without.error().ends_with("'components' must be defined for sequence kind"), "{}", without.error());
    create_sequence(&me, "s", &["a"; 50]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b92_b93_a_sequence_cannot_contain_itself() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("a", &guest("echo")).await;
    let cycle = "Sequence may not refer to itself.";

    assert_eq!(put_sequence(&me, "s", &["s"]).await.expect(400).error(), cycle);
    create_sequence(&me, "s", &["a"]).await;
    create_sequence(&me, "outer", &["a", "s"]).await;
    create_sequence(&me, "outermost", &["outer"]).await;
    for inside in ["s", "outer", "outermost"] {
        assert_eq!(put_sequence(&me, "s", &["a", inside]).await.expect(400).error(), cycle, "{inside}");
    }
    assert_eq!(put_sequence(&me, "a", &["outermost"]).await.expect(400).error(), cycle);
}

#[tokio::test(flavor = "multi_thread")]
async fn b94_a_nested_sequence_counts_as_many_actions_as_it_contains() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("a", &guest("echo")).await;
    create_sequence(&me, "x", &["a"; 26]).await;
    assert_eq!(put_sequence(&me, "s", &["x", "x"]).await.expect(400).error(), "Too many actions in the sequence.");
    create_sequence(&me, "x", &["a"; 25]).await;
    create_sequence(&me, "s", &["x", "x"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_error_names_every_component_that_the_caller_may_not_use() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let other = wask.other("other").await;
    me.create_action("a", &guest("echo")).await;
    other.create_action("b", &guest("echo")).await;
    let refused = put_sequence(&me, "s", &["/other/c", "a", "/other/b"]).await.expect(403);
    let error = "The supplied authentication is not authorized to access 'other/b, other/c'.";
    assert_eq!(refused.error(), error);
}
