//! Bursts wait for a permit, up to a limit, and every job gets its turn.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wask_tests::{Client, TestServer, annotation, eventually, guest};

use super::{SECOND, START, in_state, retry};

async fn limited(running: u32, queued: u32) -> (TestServer, Client) {
    let limits = |config: &mut wask::config::Config| {
        (config.limits.concurrent_invocations, config.limits.queued_invocations) = (running, queued);
    };
    let wask = TestServer::builder().clock_by_hand(START).configure(limits).start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    (wask, me)
}

async fn states(client: &Client, ids: &[String]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for id in ids {
        *counts.entry(client.state(id).await).or_default() += 1;
    }
    counts
}

fn counts(pairs: &[(&str, usize)]) -> BTreeMap<String, usize> {
    pairs.iter().map(|(state, count)| ((*state).to_owned(), *count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn invocations_wait_up_to_the_queue_limit_and_then_get_429() {
    let (wask, me) = limited(2, 3).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(me.invoke_async("sleeper", &json!({ "ms": 1000 })).await);
    }
    let refused = me.post("actions/sleeper", &json!({ "ms": 1000 })).await.expect(429);
    assert_eq!(
        refused.error(),
        "Too many concurrent requests in flight (count: 5, allowed: 2), and the limit of 3 queued ones \
         (limits.queued_invocations) is reached."
    );
    assert_eq!(refused.header("retry-after"), Some("1"));
    eventually("two run", || async { (states(&me, &ids).await.get("running") == Some(&2)).then_some(()) }).await;
    assert_eq!(states(&me, &ids).await, counts(&[("queued", 3), ("running", 2)]));

    let mut waited = Vec::new();
    for id in &ids {
        waited.push(annotation(&super::ended_in_time(&wask, id).await, "waitTime").and_then(|ms| ms.as_u64()).unwrap());
    }
    waited.sort_unstable();
    assert_eq!(waited[..2], [0, 0]);
    assert!(1000 <= waited[2] && 1000 <= waited[3] && 2000 <= waited[4], "{waited:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_caller_whose_activation_queued_gets_its_result() {
    let (wask, me) = limited(1, 1).await;
    let first = me.invoke_async("sleeper", &json!({ "ms": 1000 })).await;
    in_state(&me, &first, "running").await;
    let caller = tokio::spawn({
        let me = me.clone();
        async move { me.invoke("sleeper", &json!({ "ms": 500 })).await }
    });
    eventually("the caller waits", || async { (wask.queued().await == 2).then_some(()) }).await;
    me.post("actions/sleeper?blocking=true", &json!({})).await.expect(429);

    eventually("the caller is answered", || async {
        wask.advance(SECOND / 4);
        caller.is_finished().then_some(())
    })
    .await;

    let record = caller.await.unwrap().expect(200).json();
    assert_eq!(record["response"]["result"], json!({ "slept": 500 }));
    assert!(1000 <= annotation(&record, "waitTime").and_then(|ms| ms.as_u64()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_a_guest_waits_for_borrows_the_guests_permit() {
    let (_wask, me) = limited(1, 5).await;
    me.create_action("invoker", &guest("invoker")).await;
    me.create_action("echo", &guest("echo")).await;
    let inner = json!({ "name": "echo", "blocking": true, "result": true, "params": { "n": 1 } });
    let args = json!({ "name": "invoker", "blocking": true, "result": true, "params": inner });
    let record = me.invoke("invoker", &args).await.expect(200).json();
    assert_eq!(record["response"]["result"], json!({ "n": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_namespaces_share_the_node_evenly_whatever_their_backlogs() {
    let places = |config: &mut wask::config::Config| config.queue.concurrent_runs = 4;
    let wask = TestServer::builder().clock_by_hand(START).configure(places).start().await;
    let (many, few) = (wask.guest(), wask.other("few").await);
    for client in [&many, &few] {
        client.create_action("sleeper", &guest("sleeper")).await;
    }
    let sleep = json!({ "ms": 1000 });
    let mut of_many = Vec::new();
    for _ in 0..40 {
        of_many.push(many.invoke_async("sleeper", &sleep).await);
    }
    let mut of_few = Vec::new();
    for _ in 0..6 {
        of_few.push(few.invoke_async("sleeper", &sleep).await);
    }
    eventually("all permits are taken", || async { (wask.running().len() == 4).then_some(()) }).await;

    eventually("the activations of the few have ended", || async {
        wask.advance(SECOND / 4);
        (states(&few, &of_few).await == counts(&[("ended", 6)])).then_some(())
    })
    .await;

    // They had the first four permits; from then on they get two of four, for three rounds.
    let ended = states(&many, &of_many).await.get("ended").copied().unwrap_or(0);
    assert!((8..=14).contains(&ended), "{ended} of the many have ended");
    eventually("the permits go to the remaining namespace", || async {
        (states(&many, &of_many).await.get("running") == Some(&4)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_at_its_limit_does_not_hold_up_another() {
    let (wask, me) = limited(1, 100).await;
    let other = wask.other("somebody").await;
    other.create_action("echo", &guest("echo")).await;
    for _ in 0..50 {
        me.invoke_async("sleeper", &json!({ "ms": 60_000 })).await;
    }
    for n in 0..20 {
        let id = other.invoke_async("echo", &json!({ "n": n })).await;
        assert_eq!(other.ended(&id).await["response"]["result"], json!({ "n": n }));
        other.invoke("echo", &json!({})).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_and_its_limit_are_the_same_after_a_restart() {
    let (wask, me) = limited(2, 3).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(me.invoke_async("sleeper", &json!({ "ms": 1000 })).await);
    }
    let wask = wask.restart_with(|config| config.server.grace_ms = 100).await;
    let me = wask.guest();
    me.post("actions/sleeper", &json!({})).await.expect(429);
    eventually("two run again", || async { (states(&me, &ids).await.get("running") == Some(&2)).then_some(()) }).await;
    for id in &ids {
        assert!(wask.running().len() <= 2);
        super::ended_in_time(&wask, id).await;
    }
    me.post("actions/sleeper", &json!({ "ms": 1 })).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_can_set_a_namespaces_queue_limit() {
    let (wask, me) = limited(1, 0).await;
    me.invoke_async("sleeper", &json!({ "ms": 60_000 })).await;
    let refused: Value = me.post("actions/sleeper", &json!({})).await.expect(429).json();
    assert_eq!(refused["error"], "Too many concurrent requests in flight (count: 1, allowed: 1).");
    wask.set_limits("guest", &[("queued_invocations", "1")]).await;
    me.post("actions/sleeper", &json!({})).await.expect(202);
    me.post("actions/sleeper", &json!({})).await.expect(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_a_namespace_does_not_decide_how_long_it_waits() {
    for (many, few) in [("aaaaa", "zzzzz"), ("zzzzz", "aaaaa")] {
        let one = |config: &mut wask::config::Config| config.queue.concurrent_runs = 1;
        let wask = TestServer::builder().clock_by_hand(START).configure(one).start().await;
        let (many, few) = (wask.other(many).await, wask.other(few).await);
        for client in [&many, &few] {
            client.create_action("sleeper", &guest("sleeper")).await;
        }
        let mut of_many = Vec::new();
        for _ in 0..20 {
            of_many.push(many.invoke_async("sleeper", &json!({ "ms": 1000 })).await);
        }
        let of_few = few.invoke_async("sleeper", &json!({ "ms": 1000 })).await;

        eventually("the activation of the few has ended", || async {
            wask.advance(SECOND / 4);
            (few.state(&of_few).await == "ended").then_some(())
        })
        .await;

        let still = states(&many, &of_many).await.get("queued").copied().unwrap_or(0);
        assert!(15 <= still, "{still} of the 20 of {} still wait", many.namespace);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_between_attempts_counts_as_waiting() {
    let (wask, me) = limited(1, 2).await;
    me.create_action("echo", &guest("echo")).await;
    me.create_action_with("error", &guest("error"), retry(json!({ "delayMs": 3_600_000 }))).await;
    let mut failing = Vec::new();
    for _ in 0..3 {
        failing.push(me.invoke_async("error", &json!({ "error": "no" })).await);
        in_state(&me, failing.last().unwrap(), "retrying").await;
    }
    let refused: Value = me.post("actions/echo", &json!({})).await.expect(429).json();
    assert!(refused["error"].as_str().unwrap().contains("limits.queued_invocations"), "{refused}");
    assert_eq!(states(&me, &failing).await, counts(&[("retrying", 3)]));

    me.post(&format!("activations/{}/cancel", failing[0]), &json!({})).await.expect(202);
    super::ended_in_time(&wask, &failing[0]).await;
    me.invoke("echo", &json!({ "n": 2 })).await.expect(200);
}
