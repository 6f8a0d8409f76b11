//! Reruns, with the same input or another.

use serde_json::{Value, json};
use wask_tests::{Client, TestServer, annotation, guest};

use super::started;

async fn rerun(me: &Client, id: &str) -> String {
    let request = me.request(reqwest::Method::POST, &format!("/api/v1/namespaces/_/activations/{id}/rerun"));
    let answer = me.send(request).await.expect(202).json();
    answer["activationId"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_is_rerun_with_its_own_input_or_another() {
    let (_wask, me) = started().await;
    let parameters = json!({ "parameters": [{ "key": "bound", "value": "then" }] });
    me.create_action_with("echo", &guest("echo"), parameters).await;
    let id = me.invoke_async("echo", &json!({ "n": 1 })).await;
    assert_eq!(me.ended(&id).await["response"]["result"], json!({ "bound": "then", "n": 1 }));
    assert_eq!(me.get(&format!("activations/{id}/input")).await.expect(200).json(), json!({ "n": 1 }));
    let changed = json!({ "parameters": [{ "key": "bound", "value": "now" }] });
    me.create_action_with("echo", &guest("echo"), changed).await;

    let same = me.ended(&rerun(&me, &id).await).await;
    assert_eq!(same["response"]["result"], json!({ "bound": "now", "n": 1 }));
    assert_eq!(annotation(&same, "rerunOf"), Some(json!(id)));

    let edited = me.post(&format!("activations/{id}/rerun"), &json!({ "n": 2 })).await.expect(202).json();
    let edited = me.ended(edited["activationId"].as_str().unwrap()).await;
    assert_eq!(edited["response"]["result"], json!({ "bound": "now", "n": 2 }));
    assert_eq!(annotation(&edited, "rerunOf"), Some(json!(id)));
    let empty = me.post(&format!("activations/{id}/rerun"), &json!({})).await.expect(202).json();
    assert_eq!(
        me.ended(empty["activationId"].as_str().unwrap()).await["response"]["result"],
        json!({ "bound": "now" })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_firing_can_be_rerun() {
    let (_wask, me) = started().await;
    me.create_action("echo", &guest("echo")).await;
    me.create_trigger("dawn").await;
    me.create_rule("on-dawn", "dawn", "echo").await;
    let fired = me.post("triggers/dawn", &json!({ "sun": "up" })).await.expect(202).json();
    let fired = fired["activationId"].as_str().unwrap();
    me.activations_of_at_least("echo", 1).await;

    let again = rerun(&me, fired).await;

    let record = me.ended(&again).await;
    assert_eq!((&record["name"], &record["response"]["result"]), (&json!("dawn"), &json!({ "sun": "up" })));
    assert_eq!(annotation(&record, "rerunOf"), Some(json!(fired)));
    let started = me.activations_of_at_least("echo", 2).await;
    assert!(started.iter().any(|record| record["cause"] == again.as_str()), "{started:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_that_a_rule_started_is_rerun_with_its_whole_input() {
    let (_wask, me) = started().await;
    me.create_action("echo", &guest("echo")).await;
    me.put("triggers/dawn", &json!({ "parameters": [{ "key": "from", "value": "trigger" }] })).await.expect(200);
    me.create_rule("on-dawn", "dawn", "echo").await;
    me.post("triggers/dawn", &json!({ "sun": "up" })).await.expect(202);
    let started = me.activations_of_at_least("echo", 1).await.remove(0);
    let again = me.ended(&rerun(&me, started["activationId"].as_str().unwrap()).await).await;
    assert_eq!(again["response"]["result"], started["response"]["result"]);
    assert_eq!(again["response"]["result"]["from"], "trigger");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerun_without_stored_input_needs_a_body() {
    let (_wask, me) = started().await;
    me.create_action("echo", &guest("echo")).await;
    let blocking = me.invoke("echo", &json!({ "secret": 1 })).await.expect(200).json();
    let id = blocking["activationId"].as_str().unwrap();
    for path in [format!("activations/{id}/input")] {
        let refused = me.get(&path).await.expect(409).error();
        assert!(refused.contains("activations.keep_input"), "{refused}");
    }
    let request = me.request(reqwest::Method::POST, &format!("/api/v1/namespaces/_/activations/{id}/rerun"));
    me.send(request).await.expect(409);
    me.post(&format!("activations/{id}/rerun"), &json!({ "n": 1 })).await.expect(202);
    me.post("activations/0123456789abcdef0123456789abcdef/rerun", &json!({})).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_decides_whose_input_is_stored() {
    use wask::invoke::KeepInput;
    for (keep, waited, not_waited) in [(KeepInput::Never, 409, 409), (KeepInput::Always, 200, 200)] {
        let wask = TestServer::builder().configure(|config| config.activations.keep_input = keep).start().await;
        let me = wask.guest();
        me.create_action("echo", &guest("echo")).await;
        let blocking: Value = me.invoke("echo", &json!({ "n": 1 })).await.expect(200).json();
        let job = me.invoke_async("echo", &json!({ "n": 1 })).await;
        me.ended(&job).await;
        let blocking = blocking["activationId"].as_str().unwrap();
        for (id, status) in [(blocking, waited), (&job, not_waited)] {
            me.get(&format!("activations/{id}/input")).await.expect(status);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_of_a_sequence_cannot_be_rerun_alone() {
    let (_wask, me) = started().await;
    me.create_action("echo", &guest("echo")).await;
    me.put("actions/one", &json!({ "exec": { "kind": "sequence", "components": ["/_/echo"] } })).await.expect(200);
    let id = me.invoke_async("one", &json!({ "n": 1 })).await;
    me.ended(&id).await;
    let part = me.activations_of_at_least("echo", 1).await.remove(0);
    me.post(&format!("activations/{}/rerun", part["activationId"].as_str().unwrap()), &json!({})).await.expect(409);
    assert_eq!(me.ended(&rerun(&me, &id).await).await["response"]["result"], json!({ "n": 1 }));
}
