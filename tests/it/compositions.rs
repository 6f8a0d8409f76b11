//! Compositions: a conductor names what runs next. Numbers are the cases of rest.md §11.5.

use serde_json::{Value, json};
use wask_tests::{Client, TestServer, annotation, guest};

async fn started() -> (TestServer, Client) {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    create_conductor(&me, "c").await;
    (wask, me)
}

async fn create_conductor(client: &Client, name: &str) {
    let annotations = json!({ "annotations": [{ "key": "conductor", "value": true }] });
    client.create_action_with(name, &guest("conductor"), annotations).await;
}

/// Runs `c` and returns its whole record.
async fn run(client: &Client, args: Value) -> Value {
    let answer = client.invoke("c", &args).await.json();
    let record = client.ended(answer["activationId"].as_str().expect("an id")).await;
    assert_eq!(answer["logs"], record["logs"], "the answer has the components' ids too");
    record
}

async fn parts_of(client: &Client, record: &Value) -> Vec<Value> {
    let mut parts = Vec::new();
    for id in record["logs"].as_array().expect("ids") {
        parts.push(client.ended(id.as_str().expect("an id")).await);
    }
    parts
}

fn names(parts: &[Value]) -> Vec<&str> {
    parts.iter().map(|part| part["name"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn b100_without_an_action_the_composition_ends_with_the_params_or_the_whole() {
    let (_wask, me) = started().await;
    let table = [
        (json!({ "n": 1 }), json!({ "n": 1 })),
        (json!({ "plan": [{ "params": { "x": 1 }, "y": 2 }] }), json!({ "x": 1 })),
        (json!({ "plan": [{ "params": 7 }] }), json!({ "value": 7 })),
        (json!({ "plan": [{ "state": { "x": 1 } }] }), json!({ "state": { "x": 1 } })),
    ];
    for (args, result) in table {
        let record = run(&me, args.clone()).await;
        assert_eq!(record["response"]["result"], result, "{args}");
        assert_eq!(record["logs"].as_array().unwrap().len(), 1);
        let expected = [("conductor", json!(true)), ("kind", json!("sequence")), ("topmost", json!(true))];
        for (key, value) in expected {
            assert_eq!(annotation(&record, key), Some(value), "{key}");
        }
        assert_eq!(annotation(&record, "path"), Some(json!("guest/c")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b101_each_run_of_the_conductor_and_each_component_has_a_record() {
    let (_wask, me) = started().await;
    let record = run(&me, json!({ "plan": [{ "action": "echo", "params": { "x": 1 } }] })).await;
    assert_eq!(record["response"]["result"], json!({ "x": 1 }));
    let parts = parts_of(&me, &record).await;
    assert_eq!(names(&parts), ["c", "echo", "c"]);
    for part in &parts {
        assert_eq!(part["cause"], record["activationId"]);
        assert_eq!(annotation(part, "causedBy"), Some(json!("sequence")));
    }
    assert_eq!(annotation(&parts[0], "kind"), Some(json!("wasm:1")), "a turn is an ordinary run of the conductor");
}

#[tokio::test(flavor = "multi_thread")]
async fn b102_the_state_overrides_the_result_of_the_component() {
    let (_wask, me) = started().await;
    let step = json!({ "action": "echo", "params": { "a": 1, "b": 1 }, "state": { "b": 2, "c": 2 } });
    let record = run(&me, json!({ "plan": [step] })).await;
    assert_eq!(record["response"]["result"], json!({ "a": 1, "b": 2, "c": 2 }));
    let boxed = run(&me, json!({ "plan": [{ "action": "echo", "params": "x", "state": 7 }] })).await;
    assert_eq!(boxed["response"]["result"], json!({ "value": "x", "state": 7 }));
    let bare = run(&me, json!({ "plan": [{ "action": "echo" }] })).await;
    assert_eq!(bare["response"]["result"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn b103_a_conductor_gets_the_error_of_an_action_that_it_cannot_call() {
    let (wask, me) = started().await;
    wask.other("other").await.create_action("hidden", &guest("echo")).await;
    let table = [
        (json!("missing"), "Failed to resolve action with name 'guest/missing' during composition."),
        (json!("x#y"), "Failed to parse action name from json value \"x#y\" during composition."),
        (json!("/a"), "Failed to parse action name from json value \"/a\" during composition."),
        (json!(7), "Failed to parse action name from json value 7 during composition."),
        (json!("/other/hidden"), "Failed entitlement check for action with name 'other/hidden' during composition."),
    ];
    for (action, error) in table {
        let plan = json!([{ "action": action, "state": { "kept": 1 } }, { "params": { "went": "on" } }]);
        let record = run(&me, json!({ "plan": plan })).await;
        assert_eq!(record["response"]["result"], json!({ "went": "on" }), "{action}");
        let plan = json!([{ "action": action, "state": { "kept": 1 } }]);
        let record = run(&me, json!({ "plan": plan })).await;
        assert_eq!(record["response"]["result"], json!({ "error": error }), "{action}");
        assert_eq!(names(&parts_of(&me, &record).await), ["c", "c"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_fails_does_not_end_the_composition() {
    let (_wask, me) = started().await;
    me.create_action("fails", &guest("error")).await;
    let plan = json!([{ "action": "fails", "params": { "error": "no" } }, { "params": { "handled": true } }]);
    let record = run(&me, json!({ "plan": plan })).await;
    assert_eq!(record["response"]["result"], json!({ "handled": true }));
    assert_eq!(record["response"]["status"], "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn b104_an_endless_composition_ends_at_the_limit() {
    let wask = TestServer::builder().configure(|c| c.limits.sequence_length = 3).start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    create_conductor(&me, "c").await;
    let record = run(&me, json!({ "forever": "echo" })).await;
    assert_eq!(record["response"]["result"], json!({ "error": "Too many actions in the composition." }));
    assert_eq!(record["response"]["status"], "application error");
    let parts = parts_of(&me, &record).await;
    assert_eq!(
        names(&parts),
        ["c", "echo", "c", "echo", "c", "echo", "c", "c", "c", "c"],
        "three components, seven turns"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nested_composition_or_sequence_counts_as_one_part() {
    let (_wask, me) = started().await;
    create_conductor(&me, "inner").await;
    let list = json!({ "exec": { "kind": "sequence", "components": ["/_/echo", "/_/inner", "/_/echo"] } });
    me.put("actions/s", &list).await.expect(200);

    let plan = json!([{ "action": "s", "params": { "plan": [{ "action": "echo", "params": { "deep": 1 } }] } }]);
    let record = run(&me, json!({ "plan": plan })).await;

    assert_eq!(record["response"]["result"], json!({ "deep": 1 }));
    let parts = parts_of(&me, &record).await;
    assert_eq!(names(&parts), ["c", "s", "c"]);
    let sequence = parts_of(&me, &parts[1]).await;
    assert_eq!(names(&sequence), ["echo", "inner", "echo"]);
    let inner = &sequence[1];
    assert_eq!(annotation(inner, "conductor"), Some(json!(true)));
    assert_eq!((annotation(inner, "topmost"), &inner["cause"]), (Some(json!(false)), &parts[1]["activationId"]));
    assert_eq!(names(&parts_of(&me, inner).await), ["inner", "echo", "inner"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn b105_the_conductor_annotation_does_not_change_a_sequence() {
    let (_wask, me) = started().await;
    let body = json!({
        "exec": { "kind": "sequence", "components": ["/_/echo"] },
        "annotations": [{ "key": "conductor", "value": true }],
    });
    me.put("actions/s", &body).await.expect(200);
    let answer = me.invoke("s", &json!({ "action": "echo" })).await.expect(200).json();
    let record = me.ended(answer["activationId"].as_str().unwrap()).await;
    assert_eq!(record["response"]["result"], json!({ "action": "echo" }));
    assert_eq!(record["logs"].as_array().unwrap().len(), 1);
}
