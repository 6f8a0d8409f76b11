//! Blocking runs whose answers promise their records. threats.md I1.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use wask_tests::{Client, ServerProcess, eventually, guest};

use super::{UNLIMITED, serve};

const CLIENTS: usize = 8;
const DEATHS: usize = 5;
/// How many answers each life of the server gives before it is killed.
const ANSWERS: usize = 200;

/// Invokes the echo, waiting for each result, until the server is gone; returns the ids that were answered.
async fn invoke_until_it_dies(client: Client, answers: Arc<AtomicUsize>) -> Vec<String> {
    let mut answered = Vec::new();
    loop {
        let path = "/api/v1/namespaces/_/actions/echo?blocking=true";
        let request = client.request(reqwest::Method::POST, path).json(&json!({}));
        let Ok(answer) = client.try_send(request).await else { return answered };
        let id = answer.expect(200).json()["activationId"].as_str().expect("an activationId").to_owned();
        answered.push(id);
        answers.fetch_add(1, Ordering::Relaxed);
    }
}

/// Kills the server in the middle of its answers, again and again; every answered run must have a record.
async fn assert_no_answer_is_forgotten(mut wask: ServerProcess, settings: &[(&str, &str)]) {
    for _ in 0..DEATHS {
        let (me, answers) = (wask.guest().await, Arc::new(AtomicUsize::new(0)));
        let clients: Vec<_> =
            (0..CLIENTS).map(|_| tokio::spawn(invoke_until_it_dies(me.clone(), answers.clone()))).collect();
        eventually("there is some load", || async { (ANSWERS < answers.load(Ordering::Relaxed)).then_some(()) }).await;

        wask = wask.kill_and_restart(settings).await;

        let me = wask.guest().await;
        for client in clients {
            for id in client.await.unwrap() {
                let record = me.get(&format!("activations/{id}")).await;
                assert_eq!(record.status, 200, "the answered activation {id} has no record");
                assert_eq!(record.json()["activationId"], Value::from(id));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_can_ask_that_no_answered_run_is_forgotten() {
    let (wask, me) = serve().await;
    let annotations = json!({ "annotations": [{ "key": "durable-blocking", "value": true }] });
    me.create_action_with("echo", &guest("echo"), annotations).await;

    assert_no_answer_is_forgotten(wask, &UNLIMITED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_asks_it_for_every_action() {
    let settings = [&UNLIMITED[..], &[("WASK_ACTIVATIONS__DURABLE_BLOCKING", "true")]].concat();
    let wask = ServerProcess::serve(&settings).await;
    wask.guest().await.create_action("echo", &guest("echo")).await;

    assert_no_answer_is_forgotten(wask, &settings).await;
}
