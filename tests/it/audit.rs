//! The audit: who changed which entity, recorded with the change and kept as long as activations are.

use std::time::Duration;

use serde_json::{Value, json};
use wask_tests::{Client, TestServer, eventually, guest};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// `change collection namespace/name version` of every record, newest first.
async fn told(me: &Client, query: &str) -> Vec<String> {
    let list = me.get(&format!("audit{query}")).await.expect(200).json();
    let text = |record: &Value| {
        let part = |key: &str| record[key].as_str().expect("a text").to_owned();
        format!("{} {} {}/{} {}", part("change"), part("collection"), part("namespace"), part("name"), part("version"))
    };
    list.as_array().expect("a list").iter().map(text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_records_who_made_a_change_when_and_in_which_request() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T00:00:00Z").start().await;
    let me = wask.guest();
    let request = me.request(reqwest::Method::PUT, "/api/v1/namespaces/_/triggers/t");
    me.send(request.header("x-request-id", "my-request").json(&json!({}))).await.expect(200);

    let records = me.get("audit").await.expect(200).json();

    let expected = json!([{
        "at": wask.now().millis(), "subject": "guest", "change": "created", "collection": "triggers",
        "namespace": "guest", "name": "t", "version": "0.0.1", "transactionId": "my-request",
    }]);
    assert_eq!(records, expected);
    assert_eq!(me.get("audit/").await.json(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_change_to_every_kind_of_entity_is_recorded_once() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("a", &guest("echo")).await;
    me.create_action("a", &guest("echo")).await;
    me.create_trigger("t").await;
    me.create_rule("r", "t", "a").await;
    me.post("rules/r", &json!({ "status": "inactive" })).await.expect(200);
    me.delete("rules/r").await.expect(200);
    me.put("packages/p", &json!({})).await.expect(200);
    me.create_action("p/one", &guest("echo")).await;
    me.delete("triggers/t").await.expect(200);
    me.delete("packages/p?force=true").await.expect(200);

    let expected = [
        "deleted packages guest/p 0.0.1",
        "deleted actions guest/p/one 0.0.1",
        "deleted triggers guest/t 0.0.1",
        "created actions guest/p/one 0.0.1",
        "created packages guest/p 0.0.1",
        "deleted rules guest/r 0.0.1",
        "changed rules guest/r 0.0.1", // its status
        "created rules guest/r 0.0.1",
        "created triggers guest/t 0.0.1",
        "changed actions guest/a 0.0.2",
        "created actions guest/a 0.0.1",
    ];
    assert_eq!(told(&me, "").await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_omits_refused_requests_reads_and_invocations() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_trigger("t").await;
    me.put("triggers/t", &json!({})).await.expect(409);
    me.put("triggers/t?overwrite=true", &json!({ "parameters": 1 })).await.expect(400);
    me.delete("triggers/none").await.expect(404);
    me.get("triggers/t").await.expect(200);
    me.post("triggers/t", &json!({})).await.expect(204);

    assert_eq!(told(&me, "").await, ["created triggers guest/t 0.0.1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_is_paged_counted_and_filtered_by_name_and_time() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T00:00:00Z").start().await;
    let me = wask.guest();
    let start = wask.now().millis();
    me.put("packages/p", &json!({})).await.expect(200);
    for name in ["a", "p/a", "b"] {
        wask.advance(Duration::from_secs(1));
        me.create_action(name, "").await;
    }
    let (a, packaged, b) =
        ("created actions guest/a 0.0.1", "created actions guest/p/a 0.0.1", "created actions guest/b 0.0.1");
    for (query, expected) in [
        ("?limit=1".to_owned(), vec![b]),
        ("?skip=1&limit=2".to_owned(), vec![packaged, a]),
        ("?name=a".to_owned(), vec![a]),
        ("?name=p/a".to_owned(), vec![packaged]),
        ("?name=none".to_owned(), vec![]),
        (format!("?since={}&upto={}", start + 1000, start + 2000), vec![packaged, a]),
    ] {
        assert_eq!(told(&me, &query).await, expected, "{query}");
    }
    for (query, count) in [("", 4), ("&skip=3", 1), ("&name=a", 1), ("&limit=1", 4)] {
        assert_eq!(me.get(&format!("audit?count=true{query}")).await.json(), json!({ "audit": count }), "{query}");
    }
    for (query, sentence) in [
        ("limit=201", "The value '201' is not in the range of 0 to 200 for audit."),
        ("since=x", "Parameter is not a valid value for epoch seconds: x"),
        ("name=a/b/c", "Parameter may be a 'simple' name or 'package-name/simple' name: a/b/c"),
    ] {
        assert!(me.get(&format!("audit?{query}")).await.expect(400).error().ends_with(sentence), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_reads_the_audit_and_it_expires_like_activations() {
    let builder = TestServer::builder().clock_by_hand("2030-01-01T00:00:00Z");
    let wask = builder.configure(|config| config.activations.retention_days = 2).start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    me.create_trigger("old").await;
    other.create_trigger("theirs").await;
    assert_eq!(told(&me, "").await, ["created triggers guest/old 0.0.1"]);

    wask.advance(DAY);
    me.create_trigger("new").await;
    assert_eq!(told(&me, "").await.len(), 2);
    wask.advance(DAY + Duration::from_millis(1));
    let wask = wask.restart().await; // expired records are removed at every start and once an hour
    let me = wask.guest();
    eventually("the first is removed", || async {
        (told(&me, "").await == ["created triggers guest/new 0.0.1"]).then_some(())
    })
    .await;
}
