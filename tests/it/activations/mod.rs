//! Records: ids, sub-resources, lists with filters, and the state of an activation that has not ended. Numbers are the
//! bullets of rest.md §11.4.

mod listing;

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::{Client, TestServer, annotation, eventually, guest, wat};

const UNKNOWN: &str = "0123456789abcdef0123456789abcdef";

fn id_of(record: &Value) -> String {
    record["activationId"].as_str().expect("an activationId").to_owned()
}

/// Invokes `name` and returns the id of its record.
async fn invoked(me: &Client, name: &str, args: Value) -> String {
    id_of(&me.invoke(name, &args).await.json())
}

async fn ids(me: &Client, query: &str) -> Vec<String> {
    let list = me.get(&format!("activations?{query}")).await.expect(200).json();
    list.as_array().expect("a list").iter().map(id_of).collect()
}

fn keys(document: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = document.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test(flavor = "multi_thread")]
async fn b77_b78_an_id_is_validated_before_the_lookup_and_is_read_only() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for (id, sentence) in [
        (UNKNOWN[..31].to_owned(), "Activation id length is 31 but must be 32.".to_owned()),
        (format!("{UNKNOWN}0"), "Activation id length is 33 but must be 32.".to_owned()),
        ("xyz".to_owned(), "Activation id length is 3 but must be 32.".to_owned()),
        (format!("z{}", &UNKNOWN[1..]), "The activation id is not valid.".to_owned()),
    ] {
        for path in ["", "/", "/logs", "/result", "/status"] {
            assert_eq!(me.get(&format!("activations/{id}{path}")).await.expect(400).error(), sentence);
        }
    }
    for path in ["", "/", "/logs", "/result", "/status"] {
        let missing = me.get(&format!("activations/{UNKNOWN}{path}")).await.expect(404);
        assert_eq!(missing.error(), "The requested resource does not exist.");
        assert_eq!(missing.header("x-wask-activation-state"), None, "no state for an id that was never given");
    }
    for method in [Method::PUT, Method::POST, Method::DELETE] {
        let request = me.request(method, &format!("/api/v1/namespaces/_/activations/{UNKNOWN}"));
        me.send(request.json(&json!({}))).await.expect(405);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b79_to_b81_a_record_has_its_members_and_sub_resources() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("lines", &guest("log-lines")).await;
    let answered = me.invoke("lines", &json!({ "lines": 2 })).await.expect(200).json();
    let id = id_of(&answered);

    let record = me.ended(&id).await;
    assert_eq!(me.get(&format!("activations/{id}/")).await.expect(200).json(), record);
    assert_eq!(record["duration"].as_i64(), Some(record["end"].as_i64().unwrap() - record["start"].as_i64().unwrap()));
    let expected = [
        "activationId",
        "annotations",
        "duration",
        "end",
        "logs",
        "name",
        "namespace",
        "publish",
        "response",
        "start",
        "subject",
        "version",
    ];
    assert_eq!(keys(&record), expected);
    assert_eq!(answered["logs"], json!([]), "a blocking answer has no logs");
    let mut stored = record.clone();
    stored["logs"] = json!([]);
    assert_eq!(answered, stored, "all else is what is stored");

    let result = me.get(&format!("activations/{id}/result")).await.expect(200).json();
    assert_eq!(result, record["response"]);
    assert_eq!(result["result"], json!({ "lines": 2 }));
    let members: Vec<&str> = keys(&result).into_iter().filter(|key| *key != "size").collect();
    assert_eq!(members, ["result", "status", "success"]);
    let logs = me.get(&format!("activations/{id}/logs")).await.expect(200).json();
    assert_eq!(logs, json!({ "logs": record["logs"] }));
    assert_eq!(record["logs"].as_array().unwrap().len(), 2);
    for path in ["bogus", "logs/x", "result/x"] {
        me.get(&format!("activations/{id}/{path}")).await.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b82_a_summary_has_the_status_but_not_the_result() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T00:00:00Z").start().await;
    let me = wask.guest();
    me.create_action("good", &guest("echo")).await;
    me.create_action("refusing", &guest("error")).await;
    me.create_action("trapping", &wat("divide-by-zero")).await;
    for (name, args, code) in
        [("good", json!({}), 0), ("refusing", json!({ "error": "no" }), 1), ("trapping", json!({}), 2)]
    {
        wask.advance(Duration::from_millis(1));
        let id = invoked(&me, name, args).await;
        let summary = me.get("activations?limit=1").await.expect(200).json()[0].clone();
        assert_eq!(id_of(&summary), id);
        assert_eq!(summary["statusCode"], code, "{name}");
        let expected = [
            "activationId",
            "annotations",
            "duration",
            "end",
            "name",
            "namespace",
            "publish",
            "start",
            "statusCode",
            "version",
        ];
        assert_eq!(keys(&summary), expected);
        assert!(["path", "kind"].iter().all(|key| annotation(&summary, key).is_some()), "clients show them");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b83_a_list_is_filtered_by_action_or_trigger_name() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("a", &guest("echo")).await;
    me.create_action("b", &guest("echo")).await;
    let (a, b) = (invoked(&me, "a", json!({})).await, invoked(&me, "b", json!({})).await);
    let alarm = id_of(&me.alarm("READ", "none", json!({})).await.json());

    assert_eq!(ids(&me, "name=a").await, [a.as_str()]);
    assert_eq!(ids(&me, "name=b").await, [b.as_str()]);
    assert_eq!(ids(&me, "name=A").await, Vec::<String>::new());
    assert_eq!(ids(&me, "name=").await.len(), 3);
    assert_eq!(ids(&me, "name=alarms/alarm").await, [alarm]);
    assert_eq!(ids(&me, "name=alarm").await, Vec::<String>::new(), "a simple name is that of no packaged action");
    assert_eq!(ids(&me, "name=other/a").await, Vec::<String>::new());
    assert_eq!(me.get("activations?name=a&count=true").await.expect(200).json(), json!({ "activations": 1 }));
    for (query, shown) in [("a/b/c", "a/b/c"), ("0%20", "0 "), ("/a", "/a"), ("a=", "a=")] {
        let refused = me.get(&format!("activations?name={query}")).await.expect(400);
        let sentence = format!("Parameter may be a 'simple' name or 'package-name/simple' name: {shown}");
        assert!(refused.error().ends_with(&sentence), "{}", refused.error());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b84_a_list_is_filtered_by_start_time_with_both_ends_included() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T00:00:00Z").start().await;
    let me = wask.guest();
    me.create_action("a", &wat("result-then-exit-0")).await;
    let mut made = Vec::new();
    for _ in 0..3 {
        wask.advance(Duration::from_secs(1));
        made.push((wask.now().millis(), invoked(&me, "a", json!({})).await));
    }
    let [(_, first), (second_at, second), (_, third)] = &made[..] else { unreachable!() };
    let [first, second, third] = [first.as_str(), second, third];

    assert_eq!(ids(&me, "").await, [third, second, first]);
    assert_eq!(ids(&me, &format!("since={second_at}")).await, [third, second]);
    assert_eq!(ids(&me, &format!("upto={second_at}")).await, [second, first]);
    assert_eq!(ids(&me, &format!("since={second_at}&upto={second_at}")).await, [second]);
    let after = second_at + 1;
    assert_eq!(ids(&me, &format!("since={after}&name=a")).await, [third]);
    let counted = me.get(&format!("activations?count=true&since={second_at}&skip=1")).await.expect(200);
    assert_eq!(counted.json(), json!({ "activations": 1 }));
    for query in ["since=x", "upto=x", "since=1.5"] {
        let refused = me.get(&format!("activations?{query}")).await.expect(400).error();
        let value = query.split('=').nth(1).unwrap();
        assert!(refused.ends_with(&format!("Parameter is not a valid value for epoch seconds: {value}")), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b85_b86_lists_are_paged_newest_first_and_show_records_on_demand() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T00:00:00Z").start().await;
    let me = wask.guest();
    me.create_action("lines", &guest("log-lines")).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        wask.advance(Duration::from_millis(1));
        made.insert(0, invoked(&me, "lines", json!({ "lines": 1 })).await);
    }

    assert_eq!(ids(&me, "limit=1").await, made[..1]);
    assert_eq!(ids(&me, "limit=2&skip=1").await, made[1..3]);
    assert_eq!(ids(&me, "skip=5").await, Vec::<String>::new());
    let whole = me.get("activations?docs=true&limit=2").await.expect(200).json();
    for (record, id) in whole.as_array().unwrap().iter().zip(&made) {
        assert_eq!(*record, me.ended(id).await);
        assert_eq!(record["logs"].as_array().unwrap().len(), 1);
    }
    let refused = me.get("activations?docs=true&count=true").await.expect(400);
    assert_eq!(refused.error(), "The parameter 'docs' is not permitted with 'count'.");
}

#[tokio::test(flavor = "multi_thread")]
async fn b87_only_the_first_run_of_a_version_is_a_cold_start() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for version in ["0.0.1", "0.0.2"] {
        me.create_action("a", &guest("echo")).await;
        let first = me.invoke("a", &json!({})).await.expect(200);
        let second = me.invoke("a", &json!({})).await.expect(200);
        assert_eq!(first.json()["version"], version);
        assert!(first.annotation("initTime").is_some_and(|time| time.is_u64()));
        assert_eq!(second.annotation("initTime"), None);
        assert!(second.annotation("waitTime").is_some_and(|time| time.is_u64()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_activation_is_404_with_its_state_until_it_has_a_record() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;

    let id = me.invoke_async("sleeper", &json!({ "ms": 1500 })).await;
    eventually("it runs", || async { (me.state(&id).await == "running").then_some(()) }).await;
    let early = me.get(&format!("activations/{id}")).await.expect(404);
    let status = me.get(&format!("activations/{id}/status")).await.expect(200).json();

    assert_eq!(early.header("x-wask-activation-state"), Some("running"));
    assert_eq!(early.error(), "The requested resource does not exist.");
    let running = json!({ "activationId": id, "name": "guest/sleeper", "state": "running", "status": null,
        "statusCode": null, "start": status["start"], "end": null, "callbacks": [] });
    assert_eq!(status, running);
    assert_eq!(wask.other("other").await.get(&format!("activations/{id}/status")).await.status, 404);

    let record = me.ended(&id).await;
    let status = me.get(&format!("activations/{id}/status")).await.expect(200).json();
    assert_eq!(status["state"], "ended");
    assert_eq!((&status["status"], &status["statusCode"]), (&json!("success"), &json!(0)));
    assert_eq!((&status["start"], &status["end"]), (&record["start"], &record["end"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_that_waits_for_a_permit_is_queued() {
    let wask = TestServer::builder().configure(|config| config.queue.concurrent_runs = 1).start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    let first = me.invoke_async("sleeper", &json!({ "ms": 1000 })).await;
    eventually("the first runs", || async { (me.state(&first).await == "running").then_some(()) }).await;

    let second = me.invoke_async("sleeper", &json!({ "ms": 0 })).await;

    assert_eq!(me.state(&second).await, "queued");
    let early = me.get(&format!("activations/{second}")).await.expect(404);
    assert_eq!(early.header("x-wask-activation-state"), Some("queued"));
    let (first, second) = (me.ended(&first).await, me.ended(&second).await);
    assert!(first["end"].as_u64() <= second["start"].as_u64(), "one at a time");
    assert!(annotation(&second, "waitTime").and_then(|ms| ms.as_u64()).is_some_and(|ms| 0 < ms));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_its_namespace_can_read_a_record() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    me.create_action("echo", &guest("echo")).await;
    let id = invoked(&me, "echo", json!({})).await;

    other.get(&format!("activations/{id}")).await.expect(404);
    let path = format!("/api/v1/namespaces/guest/activations/{id}");
    other.send(other.request(Method::GET, &path)).await.expect(403);
    assert_eq!(ids(&other, "").await, Vec::<String>::new());
}
