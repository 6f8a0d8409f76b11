//! Running a sequence: how the payload passes through it, and which records it leaves.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::{Client, TestServer, annotation, eventually, guest};

use super::{create_adding, create_sequence};

/// The records that a sequence's logs name, in order.
async fn parts_of(client: &Client, record: &Value) -> Vec<Value> {
    let mut parts = Vec::new();
    for id in record["logs"].as_array().expect("ids") {
        parts.push(client.ended(id.as_str().expect("an id")).await);
    }
    parts
}

/// The whole record of an activation whose caller has its answer.
async fn recorded(client: &Client, answer: &Value) -> Value {
    client.ended(answer["activationId"].as_str().expect("an id")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn b95_a_sequence_and_each_component_have_a_record() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action_with("a", &guest("echo"), json!({ "limits": { "memory": 128 } })).await;
    me.create_action_with("b", &guest("echo"), json!({ "limits": { "memory": 512 } })).await;
    create_sequence(&me, "s", &["a", "b"]).await;

    let answer = me.invoke("s", &json!({ "n": 1 })).await.expect(200).json();

    assert_eq!(answer["response"]["result"], json!({ "n": 1 }));
    let record = recorded(&me, &answer).await;
    assert_eq!(answer["logs"], record["logs"], "the answer has the components' ids too");
    for (key, value) in [("topmost", json!(true)), ("kind", json!("sequence")), ("path", json!("guest/s"))] {
        assert_eq!(annotation(&record, key), Some(value), "{key}");
    }
    assert_eq!(annotation(&record, "limits").unwrap()["memory"], 512, "the largest of the components");
    assert!(annotation(&record, "waitTime").is_some());
    assert_eq!((record.get("cause"), annotation(&record, "causedBy")), (None, None));

    let parts = parts_of(&me, &record).await;
    assert_eq!(parts.iter().map(|part| part["name"].clone()).collect::<Vec<_>>(), [json!("a"), json!("b")]);
    for part in &parts {
        assert_eq!(part["cause"], record["activationId"]);
        assert_eq!(annotation(part, "causedBy"), Some(json!("sequence")));
        assert_eq!(annotation(part, "topmost"), None);
    }
    let sum: u64 = parts.iter().map(|part| part["duration"].as_u64().unwrap()).sum();
    assert_eq!(record["duration"], sum);
    let logs = me.get(&format!("activations/{}/logs", record["activationId"].as_str().unwrap())).await.json();
    assert_eq!(logs["logs"], record["logs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn b96_an_error_ends_the_sequence_with_the_response_of_its_component() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("a", &guest("echo")).await;
    let default = json!({ "parameters": [{ "key": "error", "value": "not yet" }] });
    me.create_action_with("fails", &guest("error"), default).await;
    me.create_action("panics", &guest("panic")).await;
    create_sequence(&me, "s", &["a", "fails", "a"]).await;
    create_sequence(&me, "t", &["a", "panics", "a"]).await;

    let answer = me.invoke("s", &json!({ "n": 1 })).await.expect(502).json();
    let record = recorded(&me, &answer).await;
    assert_eq!(record["response"]["status"], "application error");
    assert_eq!(record["response"]["result"], json!({ "error": "not yet" }));
    assert_eq!(parts_of(&me, &record).await.len(), 2);

    let answer = me.invoke("t", &json!({ "message": "no" })).await.expect(502).json();
    let record = recorded(&me, &answer).await;
    let parts = parts_of(&me, &record).await;
    assert_eq!(record["response"], parts[1]["response"]);
    assert_eq!(record["response"]["status"], "action developer error");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_the_payload_does_not_stop_a_sequence() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("silent", &guest("log-lines")).await;
    create_sequence(&me, "s", &["silent", "silent"]).await;
    let answer = me.invoke("s", &json!({ "error": "mine", "lines": 1 })).await.expect(200).json();
    assert_eq!(recorded(&me, &answer).await["logs"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn b97_a_deleted_component_ends_the_sequence_at_its_position() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for name in ["a", "b"] {
        me.create_action(name, &guest("echo")).await;
    }
    create_sequence(&me, "s", &["a", "b", "a"]).await;
    me.delete("actions/b").await.expect(200);

    let answer = me.invoke("s", &json!({})).await.expect(502).json();

    let record = recorded(&me, &answer).await;
    assert_eq!(record["response"]["result"], json!({ "error": "Sequence component does not exist." }));
    assert_eq!(record["response"]["status"], "application error");
    assert_eq!(parts_of(&me, &record).await.len(), 1);
    me.delete("actions/s").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn b98_parameters_of_a_component_reach_it_and_the_payload_overrides_them() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    create_adding(&me, "a", "x", json!("of a")).await;
    create_adding(&me, "b", "y", json!("of b")).await;
    create_sequence(&me, "s", &["a", "b"]).await;
    let run = async |payload: Value| me.invoke("s", &payload).await.expect(200).json()["response"]["result"].clone();
    assert_eq!(run(json!({})).await, json!({ "y": "of b", "x": "of a" }));
    assert_eq!(run(json!({ "y": "given" })).await["y"], "given");
    assert_eq!(run(json!({ "_actions": [] })).await, json!({ "y": "of b", "x": "of a", "_actions": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_passes_an_array_on_unchanged() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("array", &guest("array")).await;
    create_adding(&me, "echo", "x", json!(1)).await;
    create_sequence(&me, "s", &["array", "echo"]).await;
    let answer = me.post("actions/s?blocking=true&result=true", &json!({ "n": 1 })).await.expect(200);
    assert_eq!(answer.json(), json!([{ "n": 1 }, { "n": 1 }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nested_sequence_is_one_entry_in_the_logs_of_the_outer_one() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("a", &guest("echo")).await;
    create_sequence(&me, "inner", &["a", "a"]).await;
    create_sequence(&me, "outer", &["a", "inner", "a"]).await;

    let answer = me.invoke("outer", &json!({ "n": 1 })).await.expect(200).json();

    let outer = recorded(&me, &answer).await;
    let parts = parts_of(&me, &outer).await;
    assert_eq!(parts.len(), 3);
    let inner = &parts[1];
    assert_eq!((&inner["name"], &inner["cause"]), (&json!("inner"), &outer["activationId"]));
    assert_eq!(annotation(inner, "topmost"), Some(json!(false)));
    assert_eq!(annotation(inner, "causedBy"), Some(json!("sequence")));
    for part in parts_of(&me, inner).await {
        assert_eq!(part["cause"], inner["activationId"]);
    }
    assert_eq!(me.activations_of("a").await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nested_sequence_that_has_grown_stops_at_the_limit() {
    let wask = TestServer::builder().configure(|c| c.limits.sequence_length = 4).start().await;
    let me = wask.guest();
    me.create_action("a", &guest("echo")).await;
    create_sequence(&me, "inner", &["a"]).await;
    create_sequence(&me, "outer", &["a", "inner"]).await;
    create_sequence(&me, "inner", &["a"; 4]).await;

    let answer = me.invoke("outer", &json!({})).await.expect(502).json();

    let outer = recorded(&me, &answer).await;
    assert_eq!(outer["response"]["result"], json!({ "error": "Too many actions in the sequence." }));
    let parts = parts_of(&me, &outer).await;
    assert_eq!(parts.len(), 2);
    assert_eq!(parts_of(&me, &parts[1]).await.len(), 3, "one less than it has");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_works_as_a_web_action_and_as_the_action_of_a_rule() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("a", &guest("echo")).await;
    let body = json!({
        "exec": { "kind": "sequence", "components": ["/_/a", "/_/a"] },
        "annotations": [{ "key": "web-export", "value": true }],
    });
    me.put("actions/s", &body).await.expect(200);

    let page = me.web(Method::GET, "s.json?n=1").await.expect(200);
    assert_eq!(page.json()["n"], "1");
    me.ended(page.header("x-openwhisk-activation-id").unwrap()).await;

    me.create_trigger("t").await;
    me.create_rule("r", "t", "s").await;
    me.post("triggers/t", &json!({ "by": "rule" })).await.expect(202);
    eventually("the rule has started it", || async {
        let all = me.activations_of("s").await;
        all.into_iter().find(|record| record["response"]["result"]["by"] == "rule")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_counts_as_one_invocation_for_the_throttles() {
    let wask = TestServer::builder().configure(|c| c.limits.invocations_per_minute = 2).start().await;
    let me = wask.guest();
    me.create_action("a", &guest("echo")).await;
    create_sequence(&me, "s", &["a"; 10]).await;
    me.invoke("s", &json!({})).await.expect(200);
    me.invoke("s", &json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_waits_sixty_seconds_in_all_and_the_sequence_runs_on() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T06:00:00Z").start().await;
    let me = wask.guest();
    let default = json!({ "parameters": [{ "key": "ms", "value": 40_000 }] });
    me.create_action_with("sleeper", &guest("sleeper"), default).await;
    create_sequence(&me, "s", &["sleeper", "sleeper", "sleeper"]).await;

    let waiting = {
        let me = me.clone();
        tokio::spawn(async move { me.invoke("s", &json!({})).await })
    };
    let begun = wask.now();
    eventually("the caller is answered", || async {
        wask.advance(Duration::from_secs(1));
        waiting.is_finished().then_some(())
    })
    .await;
    assert!(Duration::from_secs(60) <= wask.now().since(begun));
    let id = waiting.await.unwrap().expect(202).json()["activationId"].as_str().unwrap().to_owned();
    assert_eq!(me.state(&id).await, "running");

    let record = eventually("the sequence has ended", || async {
        wask.advance(Duration::from_secs(1));
        let answer = me.get(&format!("activations/{id}")).await;
        (answer.status == 200).then(|| answer.json())
    })
    .await;
    assert_eq!(record["response"]["result"], json!({ "slept": 40_000 }));
    assert_eq!(record["logs"].as_array().unwrap().len(), 3);
    assert_eq!(me.activations_of("sleeper").await.len(), 3);
}
