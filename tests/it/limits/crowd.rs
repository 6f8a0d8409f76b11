//! Many guests at once: each is held to its own limits and does not slow the others down.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use wask_tests::{TestServer, eventually, guest, wat};

use super::{invoke, run};

fn threads_of_this_process() -> usize {
    std::fs::read_dir("/proc/self/task").expect("a Linux process").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_concurrent_endless_loops_all_end_near_their_limit() {
    let wask = TestServer::start().await;
    wask.guest().create_action_with("loop", &wat("endless-loop"), json!({ "limits": { "timeout": 1000 } })).await;

    let mut runs = JoinSet::new();
    for _ in 0..20 {
        let me = wask.guest();
        runs.spawn(async move { invoke(&me, "loop", json!({})).await });
    }

    while let Some(ran) = runs.join_next().await {
        let ran = ran.unwrap();
        assert_eq!(ran.error(), "The action exceeded its time limits of 1000 milliseconds.");
        assert!((1000..10_000).contains(&ran.duration_ms()), "one took {} ms", ran.duration_ms());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_callers_are_answered_while_a_hundred_guests_spin() {
    let wask = TestServer::start().await;
    let (me, neighbour) = (wask.guest(), wask.other("neighbour").await);
    me.create_action_with("loop", &wat("endless-loop"), json!({ "limits": { "timeout": 4000 } })).await;
    assert_eq!(run(&neighbour, "hello", &guest("echo"), json!({}), json!({})).await.status(), "success");
    let mut spinning = Vec::new();
    for _ in 0..100 {
        spinning.push(me.invoke_async("loop", &json!({})).await);
    }

    let mut answered = 0;
    while me.state(spinning.last().expect("a hundred")).await != "ended" {
        let asked = Instant::now();
        let hello = neighbour.invoke("hello", &json!({ "number": answered })).await.expect(200);
        assert_eq!(hello.json()["response"]["result"], json!({ "number": answered }));
        assert!(asked.elapsed() < Duration::from_secs(3), "an answer took {:?}", asked.elapsed());
        answered += 1;
    }

    assert!(20 <= answered, "only {answered} answers while a hundred guests spun");
    for id in spinning {
        assert_eq!(me.ended(&id).await["response"]["status"], "action developer error");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_sleeping_activations_do_not_hold_a_thread_each() {
    let room = |config: &mut wask::config::Config| {
        config.queue.concurrent_runs = 1200;
        config.sandbox.max_instances = 2400; // a namespace alone may have half of them
    };
    let wask = TestServer::builder().configure(room).start().await;
    let me = wask.guest();
    me.create_action_with("sleep", &wat("sleep-forever"), json!({ "limits": { "timeout": 60_000 } })).await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let before = threads_of_this_process();

    let mut accepted = JoinSet::new();
    for number in 0..1000 {
        let me = me.clone();
        accepted.spawn(async move {
            match number % 10 {
                0 => me.invoke_async("sleeper", &json!({ "ms": 60_000 })).await,
                _ => me.invoke_async("sleep", &json!({})).await,
            }
        });
    }
    let asleep: Vec<String> = accepted.join_all().await;
    all_are(&me, &asleep, "running").await;

    let more = threads_of_this_process().saturating_sub(before);
    assert!(more < 200, "{more} more threads for {} activations", asleep.len());
    me.create_action("echo", &guest("echo")).await;
    assert_eq!(me.invoke("echo", &json!({ "a": 1 })).await.expect(200).json()["response"]["result"], json!({ "a": 1 }));
}

/// Waits until every one of these activations is in this state.
async fn all_are(me: &wask_tests::Client, ids: &[String], state: &str) {
    for id in ids {
        eventually(&format!("{id} is {state}"), || async {
            let status: Value = me.get(&format!("activations/{id}/status")).await.expect(200).json();
            (status["state"] == state).then_some(())
        })
        .await;
    }
}
