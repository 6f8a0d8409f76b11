//! Retention: records are removed by age and by size.

use std::time::Duration;

use serde_json::{Value, json};
use wask_tests::{Client, Receiver, TestServer, eventually, guest};

use super::{START, ended_in_time, retry};

const DAY: Duration = Duration::from_secs(24 * 3600);
const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn records_dead_letters_and_callbacks_expire() {
    let days = |config: &mut wask::config::Config| {
        config.activations.retention_days = 1;
        config.queue.dead_letter_days = 2;
        config.callbacks.retention_days = 3;
    };
    let wask = TestServer::builder().clock_by_hand(START).configure(days).start().await;
    let (me, receiver) = (wask.guest(), Receiver::start().await);
    me.create_action_with("error", &guest("error"), retry(json!({ "attempts": 2, "delayMs": 100 }))).await;
    let id = me.post("actions/error", &json!({ "__ow_callback": receiver.url("/") })).await.expect(202).json();
    ended_in_time(&wask, id["activationId"].as_str().unwrap()).await;
    eventually("the receiver is notified", || async {
        (me.get("callbacks?state=delivered&count=true").await.json() == json!({ "callbacks": 1 })).then_some(())
    })
    .await;

    for (list, name) in [("activations", "activations"), ("dead-letters", "dead-letters"), ("callbacks", "callbacks")] {
        let path = format!("{list}?count=true");
        assert_eq!(me.get(&path).await.json(), json!({ name: 1 }), "{list}");
        wask.advance(DAY);
        wask.advance(2 * MINUTE);
        eventually(&format!("{list} are forgotten"), || async {
            (me.get(&path).await.json() == json!({ name: 0 })).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_keeps_its_newest_records_up_to_its_byte_limit() {
    let bytes = |config: &mut wask::config::Config| config.activations.retention_bytes = 20_000;
    let wask = TestServer::builder().clock_by_hand(START).configure(bytes).start().await;
    let (me, other) = (wask.guest(), wask.other("somebody").await);
    for client in [&me, &other] {
        client.create_action("echo", &guest("echo")).await;
    }
    other.invoke("echo", &json!({ "n": 0 })).await.expect(200);
    let mut newest = String::new();
    for n in 0..20 {
        wask.advance(Duration::from_millis(10));
        let record: Value = me.invoke("echo", &json!({ "n": n, "text": "x".repeat(2000) })).await.expect(200).json();
        newest = record["activationId"].as_str().unwrap().to_owned();
    }
    assert_eq!(me.activations_of("echo").await.len(), 20);
    wask.advance(2 * MINUTE);
    let left = eventually("the oldest are removed", || async {
        let left = me.activations_of("echo").await;
        (left.len() < 10).then_some(left)
    })
    .await;
    assert!(5 < left.len());
    assert_eq!(left[0]["activationId"], newest);
    assert_eq!(other.activations_of("echo").await.len(), 1, "it has bytes of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sets_what_one_namespace_keeps_of_records_and_audit() {
    let wask = TestServer::builder().clock_by_hand(START).start().await;
    let (me, other) = (wask.guest(), wask.other("somebody").await);
    wask.set_limits("guest", &[("record_bytes", "10_000"), ("audit_bytes", "1000")]).await;
    let shown = me.get("limits").await.expect(200).json();
    assert_eq!([&shown["maxRecordsSize"], &shown["maxAuditSize"]], ["10000 B", "1000 B"]);
    for client in [&me, &other] {
        client.create_action("echo", &guest("echo")).await;
        for n in 0..10 {
            client.create_trigger(&format!("t{n}")).await;
            client.invoke("echo", &json!({ "text": "x".repeat(2000) })).await.expect(200);
        }
    }
    wask.advance(2 * MINUTE);
    let left = async |client: &Client| {
        let audit = client.get("audit?limit=100").await.expect(200).json().as_array().unwrap().len();
        (client.activations_of("echo").await.len(), audit)
    };
    eventually("the oldest are removed", || async {
        let (records, audit) = left(&me).await;
        ((1..5).contains(&records) && (1..7).contains(&audit)).then_some(())
    })
    .await;
    assert_eq!(left(&other).await, (10, 11));
    assert_eq!(me.get("audit?limit=1").await.json()[0]["name"], "t9", "the newest stay");
}
