//! Stopping on a signal: callers get answers, running work may end within the grace period, the rest is kept for the
//! next start. threats.md F10, F11.

mod callbacks;
mod waiting;

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use wask_tests::{Answer, Client, ServerProcess, annotation, eventually, guest};

/// Settings without throttles and with this grace period.
fn settings(grace_ms: &'static str) -> [(&'static str, &'static str); 5] {
    [
        ("WASK_LIMITS__INVOCATIONS_PER_MINUTE", "0"),
        ("WASK_LIMITS__CONCURRENT_INVOCATIONS", "0"),
        ("WASK_LIMITS__FIRES_PER_MINUTE", "0"),
        ("WASK_QUEUE__CONCURRENT_RUNS", "4"),
        ("WASK_SERVER__GRACE_MS", grace_ms),
    ]
}

async fn started(grace_ms: &'static str) -> (ServerProcess, Client) {
    let wask = ServerProcess::serve(&settings(grace_ms)).await;
    let me = wask.guest().await;
    deploy(&me).await;
    (wask, me)
}

async fn deploy(client: &Client) {
    client.create_action_with("sleeper", &guest("sleeper"), json!({ "limits": { "timeout": 120_000 } })).await;
    client.create_action("echo", &guest("echo")).await;
}

async fn again(data: Arc<TempDir>) -> (ServerProcess, Client) {
    let wask = ServerProcess::start("serve", &[], &settings("5000"), data).await;
    let me = wask.guest().await;
    (wask, me)
}

/// Blocking callers of the sleeper, in the background.
fn callers(client: &Client, count: usize, args: &Value) -> Vec<JoinHandle<Answer>> {
    let caller = || {
        let (client, args) = (client.clone(), args.clone());
        tokio::spawn(async move { client.invoke("sleeper", &args).await })
    };
    (0..count).map(|_| caller()).collect()
}

async fn running(client: &Client, id: &str) {
    eventually(&format!("{id} runs"), || async { (client.state(id).await == "running").then_some(()) }).await;
}

/// Starts blocking callers and more asynchronous activations than the server runs at a time.
async fn load(client: &Client) -> (Vec<JoinHandle<Answer>>, Vec<String>) {
    let callers = callers(client, 10, &json!({ "ms": 700 }));
    let posting = (0..40).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.invoke_async("sleeper", &json!({ "ms": 300 })).await })
    });
    let mut queued = Vec::new();
    for posted in posting.collect::<Vec<_>>() {
        queued.push(posted.await.expect("no panic"));
    }
    let mut states = Vec::new();
    for id in &queued {
        states.push(client.state(id).await);
    }
    assert!(states.iter().any(|state| state == "queued"), "{states:?}: all were too quick to be kept waiting");
    (callers, queued)
}

/// Sends the signal under load, and checks that everything ended and nothing ran twice.
async fn stops_in_order(signal: Signal) {
    let (mut wask, me) = started("30000").await;
    let (callers, queued) = load(&me).await;

    wask.signal(signal);
    let signalled = Instant::now();

    for caller in callers {
        let answer = caller.await.expect("no panic").expect(200);
        assert_eq!(answer.json()["response"]["result"], json!({ "slept": 700 }));
    }
    assert_eq!(wask.ended().await.code(), Some(0), "{}", wask.stderr());
    assert!(
        signalled.elapsed() < Duration::from_secs(30),
        "{:?}: nothing here takes the whole grace period",
        signalled.elapsed()
    );

    let (_wask, me) = again(wask.data()).await;
    for id in &queued {
        let record = me.ended(id).await;
        assert_eq!(record["response"]["result"], json!({ "slept": 300 }));
        assert_eq!(annotation(&record, "attempts"), None, "it was cut");
    }
    assert_eq!(me.activations_of("sleeper").await.len(), 10 + queued.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_lets_running_work_end_and_keeps_queued_work() {
    stops_in_order(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigint_lets_running_work_end_and_keeps_queued_work() {
    stops_in_order(Signal::INT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_refuses_new_connections_and_ignores_idle_ones() {
    let (mut wask, me) = started("20000").await;
    let idle = Client::new(wask.base(), me.auth.clone(), "guest");
    idle.get("limits").await.expect(200); // leaves a connection open
    let callers = callers(&me, 1, &json!({ "ms": 1500 }));
    let id = me.invoke_async("sleeper", &json!({ "ms": 1500 })).await;
    running(&me, &id).await;

    wask.signal(Signal::TERM);
    eventually("new connections are refused", || async {
        let fresh = Client::new(wask.base(), me.auth.clone(), "guest");
        let refused = fresh.request(Method::GET, "/api/v1/namespaces/_/limits").send().await;
        refused.err().filter(reqwest::Error::is_connect).map(|_| ())
    })
    .await;
    assert!(callers.iter().all(|caller| !caller.is_finished()), "the caller is still waiting");

    let signalled = Instant::now();
    for caller in callers {
        caller.await.unwrap().expect(200);
    }
    assert_eq!(wask.ended().await.code(), Some(0));
    assert!(signalled.elapsed() < Duration::from_secs(10), "idle connections were waited for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_waiting_past_the_grace_period_gets_an_id_and_the_run_is_kept() {
    let (mut wask, me) = started("500").await;
    let callers = callers(&me, 3, &json!({ "ms": 5000 }));
    let asynchronous = me.invoke_async("sleeper", &json!({ "ms": 5000 })).await;
    running(&me, &asynchronous).await;

    wask.signal(Signal::TERM);
    let signalled = Instant::now();

    let mut ids = vec![asynchronous];
    for caller in callers {
        let answer = caller.await.unwrap().expect(202);
        ids.push(answer.json()["activationId"].as_str().unwrap().to_owned());
    }
    assert_eq!(wask.ended().await.code(), Some(0), "{}", wask.stderr());
    assert!(signalled.elapsed() < Duration::from_secs(4), "{:?}", signalled.elapsed());

    let (_wask, me) = again(wask.data()).await;
    for id in &ids {
        let record = me.ended(id).await;
        assert_eq!(record["response"]["result"], json!({ "slept": 5000 }));
        assert_eq!(annotation(&record, "attempts"), Some(json!(2)));
    }
    assert_eq!(me.activations_of("sleeper").await.len(), ids.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_server_and_its_runs_are_repeated_later() {
    for second in [Signal::TERM, Signal::INT] {
        let (mut wask, me) = started("60000").await;
        let id = me.invoke_async("sleeper", &json!({ "ms": 2000 })).await;
        running(&me, &id).await;

        wask.signal(Signal::TERM);
        eventually("the server logs that it stops", || async { wask.stderr().contains("stopping").then_some(()) })
            .await;
        wask.signal(second);

        let ended = wask.ended().await;
        assert!(ended.code().is_some_and(|code| code != 0), "{ended}");
        assert!(wask.stderr().contains("stopped at once"), "{}", wask.stderr());
        let (_wask, me) = again(wask.data()).await;
        let record = me.ended(&id).await;
        assert_eq!(record["response"]["result"], json!({ "slept": 2000 }));
        assert_eq!(annotation(&record, "attempts"), Some(json!(2)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_server_stops_at_once() {
    let (mut wask, _) = started("60000").await;
    let signalled = Instant::now();

    wask.signal(Signal::TERM);

    assert_eq!(wask.ended().await.code(), Some(0));
    assert!(signalled.elapsed() < Duration::from_secs(5));
}
