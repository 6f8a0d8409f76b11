//! What alarms may take of the disk. threats.md T17.

use std::time::Duration;

use serde_json::{Value, json};
use wask_tests::{Client, TestServer, eventually};

async fn history(client: &Client, trigger: &str) -> Vec<Value> {
    let alarm = client.get(&format!("alarms/{trigger}")).await.expect(200).json();
    alarm["history"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_beyond_its_limit_is_refused() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_trigger("t").await;
    let with = |size: usize| json!({ "cron": "0 0 1 1 *", "trigger_payload": { "text": "x".repeat(size) } });

    let refused = me.alarm("CREATE", "t", with(70_000)).await;
    assert!(refused.text().contains("trigger_payload has 70011 bytes, and alarms.payload_bytes allows 65536"));
    me.get("alarms/t").await.expect(404);
    me.alarm("CREATE", "t", with(60_000)).await.expect(200);
    assert!(me.alarm("UPDATE", "t", with(70_000)).await.text().contains("alarms.payload_bytes"));
    let kept = me.get("alarms/t").await.expect(200).json();
    assert_eq!(kept["config"]["payload"]["text"].as_str().unwrap().len(), 60_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn ticks_beyond_those_that_may_wait_are_recorded_as_missed() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T06:00:30Z");
    let wask = wask.configure(|config| config.alarms.waiting_ticks = 2).start().await;
    let me = wask.guest();
    let triggers: Vec<String> = (0..5).map(|n| format!("t{n}")).collect();
    for trigger in &triggers {
        me.create_alarm(trigger, "0 * * * * *", json!({})).await;
    }
    wask.set_limits("guest", &[("fires_per_minute", "0")]).await; // so that none can fire: each waits and tries again

    wask.advance(Duration::from_secs(30));

    let missed = async || {
        let mut missed = 0;
        for trigger in &triggers {
            let why = "too many ticks of the namespace were waiting to fire (alarms.waiting_ticks)";
            missed += history(&me, trigger).await.iter().filter(|tick| tick["reason"] == why).count();
        }
        missed
    };
    eventually("three ticks are missed", || async { (missed().await == 3).then_some(()) }).await;
    assert_eq!(missed().await, 3);
}
