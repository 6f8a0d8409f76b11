//! The two ways to work asynchronously in Adobe's guide, with its names: a web action in front of a worker, and a trigger
//! with a rule. feeds.md §B.3, §B.4.

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::{Client, TestServer, annotation, eventually, example};

async fn with_worker(wask: &TestServer) -> Client {
    let me = wask.guest();
    me.create_action_with("my-worker", &example("long-job"), json!({ "limits": { "timeout": 120_000 } })).await;
    assert_eq!(me.get("actions/my-worker?code=false").await.expect(200).json()["limits"]["timeout"], 120_000);
    me
}

/// Runs `curl …/api/v1/web/guest/default/test.json` with a query and returns the id that it prints.
async fn curl_test(client: &Client, query: &str) -> String {
    let url = format!("/api/v1/web/guest/default/test.json{query}");
    let answer = client.send(client.anonymous(Method::GET, &url)).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let id = answer.json()["activationId"].as_str().expect("an activationId").to_owned();
    assert_eq!(id.len(), 32);
    assert_eq!(answer.text(), format!("{{\n  \"activationId\": \"{id}\"\n}}")); // `.json` is pretty-printed, rest.md §8.7
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_action_starts_the_worker_and_returns_its_activation_id() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T06:00:00Z").start().await;
    let me = with_worker(&wask).await;
    me.create_web_action("test", &example("front")).await;

    let id = curl_test(&me, "?seconds=100").await;

    // The worker needs 100 seconds, and the clock stands still.
    eventually("the worker runs", || async { (me.state(&id).await == "running").then_some(()) }).await;
    let early = me.get(&format!("activations/{id}/result")).await.expect(404);
    assert_eq!(early.header("x-wask-activation-state"), Some("running"));
    let record = eventually("the worker is done", || async {
        wask.advance(std::time::Duration::from_secs(1));
        let answer = me.get(&format!("activations/{id}")).await;
        (answer.status == 200).then(|| answer.json())
    })
    .await;
    let result = me.get(&format!("activations/{id}/result")).await.expect(200).json();
    assert_eq!(result["result"]["statusCode"], 200);
    assert_eq!(result["result"]["body"], json!({ "payload": "worked for 100 s" }));
    assert_eq!((&record["name"], &result["status"]), (&json!("my-worker"), &json!("success")));
    assert!(100_000 <= record["duration"].as_u64().unwrap());
    assert_eq!(record["logs"].as_array().unwrap().len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parameters_of_the_web_action_reach_the_worker() {
    let wask = TestServer::start().await;
    let me = with_worker(&wask).await;
    me.create_web_action("test", &example("front")).await;

    let id = curl_test(&me, "?foo=bar&seconds=0").await;

    let record = me.ended(&id).await;
    assert_eq!(record["response"]["result"]["params"], json!({ "foo": "bar" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_firing_names_the_activation_of_the_worker() {
    let wask = TestServer::start().await;
    let me = with_worker(&wask).await;
    me.create_trigger("my-worker-trigger").await;
    me.create_rule("async-rule", "my-worker-trigger", "my-worker").await;

    let fired = me.post("triggers/my-worker-trigger", &json!({ "foo": "bar", "seconds": 1 })).await.expect(202);

    let event = fired.json()["activationId"].as_str().unwrap().to_owned();
    assert_eq!(fired.header("x-openwhisk-activation-id"), Some(event.as_str()));
    let logs = me.get(&format!("activations/{event}/logs")).await.expect(200).json();
    assert_eq!(logs["logs"].as_array().unwrap().len(), 1);
    let line: Value = serde_json::from_str(logs["logs"][0].as_str().unwrap()).unwrap();
    let worker = line["activationId"].as_str().unwrap().to_owned();
    let expected = json!({ "rule": "guest/async-rule", "action": "guest/my-worker", "statusCode": 0, "success": true,
        "activationId": worker });
    assert_eq!(line, expected);
    assert_ne!(worker, event);

    let record = me.ended(&worker).await;
    assert_eq!((&record["name"], &record["cause"]), (&json!("my-worker"), &json!(event)));
    assert_eq!(annotation(&record, "path"), Some(json!("guest/my-worker")));
    let result = me.get(&format!("activations/{worker}/result")).await.expect(200).json();
    assert_eq!(result["result"]["body"], json!({ "payload": "worked for 1 s" }));
    assert_eq!(result["result"]["params"]["foo"], "bar");

    let event = me.get(&format!("activations/{event}")).await.expect(200).json();
    assert_eq!(event["name"], "my-worker-trigger");
    assert_eq!(event["response"]["result"], json!({ "foo": "bar", "seconds": 1 }));
    assert_eq!(event.get("duration"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_can_be_fired_without_a_body() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let parameters = json!([{ "key": "seconds", "value": 0 }]);
    me.create_action_with("my-worker", &example("long-job"), json!({ "parameters": parameters })).await;
    me.create_trigger("my-worker-trigger").await;
    me.create_rule("async-rule", "my-worker-trigger", "my-worker").await;

    let request = me.request(Method::POST, "/api/v1/namespaces/guest/triggers/my-worker-trigger");
    me.send(request).await.expect(202);

    let record = me.activations_of_at_least("my-worker", 1).await.remove(0);
    assert_eq!(record["response"]["result"]["body"], json!({ "payload": "worked for 0 s" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn get_reads_a_trigger_and_only_its_owner_can_fire_it() {
    let wask = TestServer::start().await;
    let me = with_worker(&wask).await;
    let other = wask.other("somebody").await;
    me.create_trigger("my-worker-trigger").await;
    me.create_rule("async-rule", "my-worker-trigger", "my-worker").await;
    let path = "/api/v1/namespaces/guest/triggers/my-worker-trigger";

    let definition = me.send(me.request(Method::GET, path)).await.expect(200).json();
    assert_eq!(definition["rules"]["guest/async-rule"]["status"], "active");
    me.send(me.anonymous(Method::POST, path)).await.expect(401);
    let wrong = format!("{}:{}", me.auth.split_once(':').unwrap().0, "x".repeat(64));
    let wrong = Client::new(wask.base(), wrong, "guest");
    wrong.send(wrong.request(Method::POST, path)).await.expect(401);
    other.send(other.request(Method::POST, path)).await.expect(403);

    assert_eq!(me.get("activations").await.expect(200).json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_firing_reports_a_disabled_rule_next_to_an_active_one() {
    let wask = TestServer::start().await;
    let me = with_worker(&wask).await;
    me.create_trigger("my-worker-trigger").await;
    me.create_rule("async-rule", "my-worker-trigger", "my-worker").await;
    me.create_rule("other-rule", "my-worker-trigger", "my-worker").await;
    me.post("rules/other-rule", &json!({ "status": "inactive" })).await.expect(200);

    let fired = me.post("triggers/my-worker-trigger", &json!({ "seconds": 0 })).await.expect(202);

    let event = fired.json()["activationId"].as_str().unwrap().to_owned();
    let logs = me.get(&format!("activations/{event}/logs")).await.expect(200).text();
    assert!(
        logs.contains("Rule 'guest/other-rule' is inactive, action 'guest/my-worker' was not activated."),
        "{logs}"
    );
    assert_eq!(me.activations_of_at_least("my-worker", 1).await.len(), 1);
}
