//! Dead letters: activations that have used up their attempts are kept until they are redriven or purged.

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::{Answer, Client, TestServer, annotation, guest, wat};

use super::{ended_in_time, in_state, retry, started};

/// An activation that has used up its attempts.
async fn dead(wask: &TestServer, me: &Client, action: &str, error: &str) -> String {
    me.create_action_with(action, &guest("error"), retry(json!({ "attempts": 2, "delayMs": 100 }))).await;
    let id = me.invoke_async(action, &json!({ "error": error })).await;
    ended_in_time(wask, &id).await;
    id
}

fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|row| row["activationId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_without_attempts_left_becomes_a_dead_letter() {
    let (wask, me) = started().await;
    let first = dead(&wask, &me, "error", "boom").await;
    let second = dead(&wask, &me, "other", "bang").await;

    let list = me.get("dead-letters").await.expect(200).json();
    assert_eq!(ids(&list), [second.clone(), first.clone()]);
    assert_eq!(me.get("dead-letters?count=true").await.json(), json!({ "dead-letters": 2 }));
    assert_eq!(ids(&me.get("dead-letters?name=error").await.json()), std::slice::from_ref(&first));
    assert_eq!(ids(&me.get("dead-letters?limit=1&skip=1").await.json()), std::slice::from_ref(&first));
    let letter = me.get(&format!("dead-letters/{first}")).await.expect(200).json();
    assert_eq!(
        (&letter["name"], &letter["attempts"], &letter["reason"]),
        (&json!("guest/error"), &json!(2), &json!("all 2 attempts of its retry policy failed"))
    );
    assert_eq!(letter["arguments"], json!({ "error": "boom" }));
    assert_eq!(letter["failedAttempts"][0]["error"], "boom");

    let other = wask.other("somebody").await;
    assert_eq!(other.get("dead-letters").await.json(), json!([]));
    other.get(&format!("dead-letters/{first}")).await.expect(404);
    other.post(&format!("dead-letters/{first}/redrive"), &json!({})).await.expect(404);
    other.delete(&format!("dead-letters/{first}")).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redriven_dead_letter_runs_as_a_new_activation_that_names_it() {
    let (wask, me) = started().await;
    let id = dead(&wask, &me, "error", "boom").await;
    let before = me.ended(&id).await;
    me.put_code("error", &wat("result-then-exit-0"), json!({})).await.expect(200);

    let again = me.post(&format!("dead-letters/{id}/redrive"), &json!({})).await.expect(202);

    let again = again.json()["activationId"].as_str().unwrap().to_owned();
    assert_ne!(again, id);
    let record = me.ended(&again).await;
    assert_eq!(record["response"]["status"], "success");
    assert_eq!(me.get(&format!("activations/{again}/input")).await.json(), json!({ "error": "boom" }));
    assert_eq!(annotation(&record, "rerunOf"), Some(json!(id)));
    assert_eq!(annotation(&record, "attempts"), None, "it counts from the start again");
    assert_eq!(me.get("dead-letters").await.json(), json!([]));
    assert_eq!(me.ended(&id).await, before, "a record never changes");
    me.post(&format!("dead-letters/{id}/redrive"), &json!({})).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_redriven_or_purged_together_or_by_action() {
    let (wask, me) = started().await;
    for n in 0..3 {
        dead(&wask, &me, "error", &n.to_string()).await;
    }
    let other = dead(&wask, &me, "other", "no").await;
    me.put_code("error", &wat("result-then-exit-0"), json!({})).await.expect(200);

    let again = me.post("dead-letters/redrive?name=error", &json!({})).await.expect(202).json();
    let again = again["activationIds"].as_array().unwrap().clone();
    assert_eq!(again.len(), 3);
    for id in again {
        me.ended(id.as_str().unwrap()).await;
    }
    assert_eq!(ids(&me.get("dead-letters").await.json()), [other]);

    assert_eq!(me.delete("dead-letters?name=error").await.expect(200).json(), json!({ "purged": 0 }));
    dead(&wask, &me, "third", "no").await;
    assert_eq!(me.delete("dead-letters").await.expect(200).json(), json!({ "purged": 2 }));
    assert_eq!(me.get("dead-letters").await.json(), json!([]));
    let single = dead(&wask, &me, "error", "boom").await;
    let purged = me.delete(&format!("dead-letters/{single}")).await.expect(200).json();
    assert_eq!(purged["activationId"], single);
    me.delete(&format!("dead-letters/{single}")).await.expect(404);
    me.get(&format!("activations/{single}")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letters_activation_has_ended_for_every_reader() {
    let (wask, me) = started().await;
    let id = dead(&wask, &me, "error", "boom").await;
    in_state(&me, &id, "ended").await;
    let tasks = me.get("tasks?type=ACTN").await.json();
    assert_eq!((tasks.as_array().unwrap().len(), &tasks[0]["state"]), (1, &json!("ended")));
    me.post(&format!("activations/{id}/cancel"), &json!({})).await.expect(409);
}

/// Invokes an action of another namespace, non-blocking.
async fn invoke_theirs(client: &Client, args: &Value) -> Answer {
    client.send(client.request(Method::POST, "/api/v1/namespaces/provider/actions/shop/sell").json(args)).await
}

/// A shared package with an action that always fails and with secret parameters, and a dead letter of `me` for that
/// action.
async fn dead_of_theirs(wask: &TestServer, me: &Client) -> (Client, String) {
    let provider = wask.other("provider").await;
    let secret = |key: &str| json!([{ "key": key, "value": "nobody's business" }]);
    let package = json!({ "publish": true, "parameters": secret("secret") });
    provider.put("packages/shop", &package).await.expect(200);
    let mut more = retry(json!({ "attempts": 2, "delayMs": 100 }));
    more["parameters"] = secret("key");
    provider.create_action_with("shop/sell", &guest("error"), more).await;
    let accepted = invoke_theirs(me, &json!({ "error": "boom" })).await.expect(202);
    let id = accepted.json()["activationId"].as_str().unwrap().to_owned();
    ended_in_time(wask, &id).await;
    (provider, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_shows_its_owners_input_but_no_providers_parameter() {
    let (wask, me) = started().await;
    let (_provider, id) = dead_of_theirs(&wask, &me).await;
    let letter = me.get(&format!("dead-letters/{id}")).await.expect(200);
    assert_eq!(letter.json()["arguments"], json!({ "error": "boom" }));
    for shown in [letter, me.get("dead-letters").await.expect(200), me.get(&format!("activations/{id}/input")).await] {
        assert!(!shown.text().contains("nobody's business"), "{}", shown.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redriving_a_dead_letter_needs_the_right_to_invoke_its_action() {
    let (wask, me) = started().await;
    let (provider, id) = dead_of_theirs(&wask, &me).await;
    provider.put("packages/shop?overwrite=true", &json!({ "publish": false })).await.expect(200);
    invoke_theirs(&me, &json!({})).await.expect(403);

    me.post(&format!("dead-letters/{id}/redrive"), &json!({})).await.expect(403);
    let all = me.post("dead-letters/redrive", &json!({})).await;

    let none = all.status == 202 && all.json() == json!({ "activationIds": [] });
    assert!(none || all.status == 403, "{} {}", all.status, all.text());
    assert_eq!(ids(&me.get("dead-letters").await.json()), std::slice::from_ref(&id));
    assert_eq!(me.get("activations?count=true").await.json(), json!({ "activations": 1 }));
    assert_eq!(wask.queued().await, 0);

    provider.put("packages/shop?overwrite=true", &json!({ "publish": true })).await.expect(200);
    me.post(&format!("dead-letters/{id}/redrive"), &json!({})).await.expect(202);
}
