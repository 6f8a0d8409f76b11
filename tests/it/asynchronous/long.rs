//! Runs of minutes and hours.

use std::time::Duration;

use serde_json::json;
use wask_tests::{TestServer, annotation, guest};

use super::{MINUTE, SECOND, in_state, started};

const THREE_HOURS_MS: u64 = 10_800_000;

#[tokio::test(flavor = "multi_thread")]
async fn an_action_can_run_for_180_minutes_but_not_longer() {
    let wask = started().await;
    let me = wask.guest();
    let limits = json!({ "limits": { "timeout": THREE_HOURS_MS } });
    me.create_action_with("sleeper", &guest("sleeper"), limits).await;
    let too_long = json!({ "limits": { "timeout": THREE_HOURS_MS + 1 } });
    let refused = me.put_code("never", &guest("sleeper"), too_long).await.expect(400);
    let message = "duration 10800001 milliseconds exceeds allowed threshold of 10800000 milliseconds";
    assert!(refused.error().contains(message), "{}", refused.error());

    let in_time = me.invoke_async("sleeper", &json!({ "ms": THREE_HOURS_MS - 1000 })).await;
    let too_late = me.invoke_async("sleeper", &json!({ "ms": THREE_HOURS_MS + 1000 })).await;
    for id in [&in_time, &too_late] {
        in_state(&me, id, "running").await;
    }
    for _ in 0..35 {
        wask.advance(5 * MINUTE); // longer than a lease: the node must not take its own run for a dead node's
        for id in [&in_time, &too_late] {
            assert_eq!(me.state(id).await, "running");
        }
    }
    wask.advance(5 * MINUTE - SECOND);
    let record = me.ended(&in_time).await;
    assert_eq!(record["response"]["result"], json!({ "slept": THREE_HOURS_MS - 1000 }));
    assert_eq!(record["duration"], THREE_HOURS_MS - 1000);
    assert_eq!(record["logs"].as_array().unwrap().len(), 2);
    wask.advance(SECOND);
    let record = me.ended(&too_late).await;
    let message = "The action exceeded its time limits of 10800000 milliseconds.";
    assert_eq!(record["response"]["result"], json!({ "error": message }));
    assert_eq!(record["duration"], THREE_HOURS_MS);

    let records = me.activations_of("sleeper").await;
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|record| annotation(record, "attempts").is_none()));
}

/// Runs in real time: neither the guest's clock nor the leases are moved by hand.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_three_real_minutes_ends_with_its_result() {
    const SLEEP_MS: u64 = 180_000;
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action_with("sleeper", &guest("sleeper"), json!({ "limits": { "timeout": SLEEP_MS + 60_000 } })).await;

    let id = me.invoke_async("sleeper", &json!({ "ms": SLEEP_MS })).await;

    let ended = async {
        loop {
            let answer = me.get(&format!("activations/{id}")).await;
            if answer.status == 200 {
                return answer.json();
            }
            assert_eq!(answer.header("x-wask-activation-state"), Some("running"));
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    let record = tokio::time::timeout(Duration::from_millis(SLEEP_MS + 30_000), ended).await.expect("it ends in time");
    assert_eq!(record["response"]["result"], json!({ "slept": SLEEP_MS }));
    assert!((SLEEP_MS..SLEEP_MS + 5000).contains(&record["duration"].as_u64().unwrap()), "{record}");
    assert_eq!(annotation(&record, "attempts"), None);
    assert_eq!(me.activations_of("sleeper").await.len(), 1);
}
