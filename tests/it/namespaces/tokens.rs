//! The keys that actions get: how long they work, and what ends them. guest.md §2.1.

use std::time::Duration;

use serde_json::{Value, json};
use wask::catalog::OlderKeys;
use wask_tests::{Client, TestServer, eventually, guest};

/// Deploys actions that return their environment, with the key in it.
async fn deploy(me: &Client) {
    let keyed = json!({ "annotations": [{ "key": "provide-api-key", "value": true }] });
    me.create_action_with("env", &guest("env"), keyed).await;
    me.create_action("caller", &guest("invoker")).await;
    me.create_trigger("t").await;
    me.create_rule("r", "t", "env").await;
}

fn key_in(result: &Value) -> Option<String> {
    result["__OW_API_KEY"].as_str().map(str::to_owned)
}

/// The key that a run gets which this client starts.
async fn key_of_run(client: &Client) -> Option<String> {
    key_in(&client.post("actions/env?blocking=true&result=true", &json!({})).await.expect(200).json())
}

/// The same, for a run that an action invokes.
async fn key_of_host_call(client: &Client) -> Option<String> {
    let call = json!({ "name": "env", "blocking": true, "result": true });
    key_in(&client.post("actions/caller?blocking=true&result=true", &call).await.expect(200).json())
}

/// The same, for a run that a rule starts.
async fn key_of_rule(client: &Client, me: &Client) -> Option<String> {
    let before = me.activations_of("env").await.len();
    client.post("triggers/t", &json!({})).await.expect(202);
    let newest = me.activations_of_at_least("env", before + 1).await.remove(0);
    key_in(&newest["response"]["result"])
}

/// The same, for a rerun.
async fn key_of_rerun(client: &Client, me: &Client) -> Option<String> {
    let id = me.invoke_async("env", &json!({})).await;
    me.ended(&id).await;
    let again = client.post(&format!("activations/{id}/rerun"), &json!({})).await.expect(202).json();
    key_in(&me.ended(again["activationId"].as_str().unwrap()).await["response"]["result"])
}

/// Leaves a dead letter of an action that returns its environment when it runs again.
async fn leave_dead_letter(wask: &TestServer, me: &Client) -> String {
    let retry = json!({ "key": "retry", "value": { "attempts": 2, "delayMs": 100 } });
    let annotations = json!([retry, { "key": "provide-api-key", "value": true }]);
    me.create_action_with("dead", &guest("error"), json!({ "annotations": annotations })).await;
    let id = me.invoke_async("dead", &json!({ "error": "boom" })).await;
    eventually("its attempts are used up", || async {
        wask.advance(Duration::from_millis(100));
        (me.state(&id).await == "ended").then_some(())
    })
    .await;
    me.put_code("dead", &guest("env"), json!({})).await.expect(200);
    id
}

/// The key that a run gets which this client starts by redriving a dead letter.
async fn key_of_redrive(client: &Client, me: &Client, dead: &str) -> Option<String> {
    let again = client.post(&format!("dead-letters/{dead}/redrive"), &json!({})).await.expect(202).json();
    key_in(&me.ended(again["activationId"].as_str().unwrap()).await["response"]["result"])
}

fn with(me: &Client, auth: String) -> Client {
    let mut client = me.clone();
    client.auth = auth;
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_of_actions_end_with_the_key_of_their_namespace() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    deploy(&me).await;
    let token = with(&me, key_of_run(&me).await.expect("a key"));
    token.get("actions").await.expect(200);
    let name = "guest".parse().unwrap();

    let second = wask.as_operator(async |namespaces| namespaces.add_key(&name, OlderKeys::KeepOne).await).await;
    token.get("actions").await.expect(200);
    let third = wask.as_operator(async |namespaces| namespaces.add_key(&name, OlderKeys::Revoke).await).await;

    token.get("actions").await.expect(401);
    with(&me, second.key.expose()).get("actions").await.expect(401);
    let owner = with(&me, third.key.expose());
    let fresh = with(&me, key_of_run(&owner).await.expect("a key"));
    fresh.get("actions").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_got_out_cannot_be_kept_alive_by_using_it() {
    let wask = TestServer::builder()
        .clock_by_hand("2030-01-01T00:00:00Z")
        .configure(|config| config.limits.api_key_hours = 1)
        .start()
        .await;
    let me = wask.guest();
    deploy(&me).await;
    let dead = leave_dead_letter(&wask, &me).await;
    let mut token = with(&me, key_of_run(&me).await.expect("a key"));
    for _ in 0..35 {
        wask.advance(Duration::from_secs(100)); // a key works for its run's 60 s and 60 s more
        token = with(&me, key_of_run(&token).await.expect("within the hour"));
    }

    let last = [
        key_of_run(&token).await,
        key_of_host_call(&token).await,
        key_of_rule(&token, &me).await,
        key_of_rerun(&token, &me).await,
        key_of_redrive(&token, &me, &dead).await,
    ]
    .map(|key| with(&me, key.expect("within the hour")));
    for token in &last {
        token.get("actions").await.expect(200);
    }
    wask.advance(Duration::from_secs(101)); // the hour is over; each by itself would work for 120 s
    for token in &last {
        token.get("actions").await.expect(401);
    }
    let owners = with(&me, key_of_host_call(&me).await.expect("a chain of its own"));
    owners.get("actions").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_of_an_action_is_not_revived_by_running_it_again() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T00:00:00Z").start().await;
    let me = wask.guest();
    deploy(&me).await;
    let dead = leave_dead_letter(&wask, &me).await;
    let ran = me.invoke_async("env", &json!({})).await;
    let first = key_in(&me.ended(&ran).await["response"]["result"]).expect("a key");
    let token = with(&me, first.clone());
    token.get("actions").await.expect(200);
    let name = "guest".parse().unwrap();

    let new = wask.as_operator(async |namespaces| namespaces.add_key(&name, OlderKeys::Revoke).await).await;

    for path in [format!("dead-letters/{dead}/redrive"), format!("activations/{ran}/rerun")] {
        token.post(&path, &json!({})).await.expect(401);
    }
    let owner = with(&me, new.key.expose());
    let again = owner.post(&format!("activations/{ran}/rerun"), &json!({})).await.expect(202).json();
    let again = key_in(&owner.ended(again["activationId"].as_str().unwrap()).await["response"]["result"]);
    let fresh = [again.expect("a key"), key_of_redrive(&owner, &owner, &dead).await.expect("a key")];
    for key in fresh {
        assert_ne!(key, first);
        with(&me, key).get("actions").await.expect(200);
    }
    token.get("actions").await.expect(401);
}
