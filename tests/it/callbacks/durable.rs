//! A due callback is delivered, whatever happens to the server. feeds.md §C.7; threats.md F4, F5.

use serde_json::{Value, json};
use wask_tests::{Client, Receiver, Reply, ServerProcess, eventually, guest};

use super::{callback, in_state, invoke};

const SETTINGS: [(&str, &str); 2] =
    [("WASK_EGRESS__ALLOW_CIDRS", "[\"127.0.0.0/8\"]"), ("WASK_CALLBACKS__RETRY_INTERVAL_SECONDS", "1")];

async fn serve() -> (ServerProcess, Client, Receiver) {
    let wask = ServerProcess::serve(&SETTINGS).await;
    let me = wask.guest().await;
    me.create_action("echo", &guest("echo")).await;
    me.create_action("sleeper", &guest("sleeper")).await;
    (wask, me, Receiver::start().await)
}

fn calling(url: &str, ms: u64) -> Value {
    json!({ "ms": ms, "__ow_callback": { "http": { "url": url }, "correlationId": "order-42" } })
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_17_a_callback_and_its_count_survive_a_crash_in_every_state() {
    let (mut wask, me, receiver) = serve().await;
    receiver.otherwise(Reply::Status(500));
    let (_, pending) = invoke(&me, "echo", &calling(&receiver.url("/pending"), 0)).await;
    eventually("an attempt failed", || async {
        (1 <= callback(&me, &pending).await["failedAttempts"].as_u64().unwrap()).then_some(())
    })
    .await;
    let silent = Receiver::start().await;
    silent.otherwise(Reply::Silence);
    let (_, in_flight) = invoke(&me, "echo", &calling(&silent.url("/in-flight"), 0)).await;
    silent.received_at_least(1).await;
    let (running, waiting) = invoke(&me, "sleeper", &calling(&receiver.url("/waiting"), 500)).await;
    assert_eq!(callback(&me, &waiting).await["state"], "waiting");
    let before = callback(&me, &pending).await["failedAttempts"].as_u64().unwrap();

    let data = wask.kill().await;
    receiver.otherwise(Reply::Status(200));
    silent.otherwise(Reply::Status(200));
    let wask = ServerProcess::start("serve", &[], &SETTINGS, data).await;
    let me = wask.guest().await;

    let known = in_state(&me, &pending, "delivered").await;
    assert!(before <= known["failedAttempts"].as_u64().unwrap());
    assert_eq!(known["attempts"].as_array().unwrap().len() as u64, known["failedAttempts"].as_u64().unwrap() + 1);
    let known = in_state(&me, &in_flight, "delivered").await;
    assert_eq!(known["attempts"][0]["n"], 1, "the attempt whose outcome nobody noted is made again");
    let ids: Vec<_> = silent.received().iter().map(|r| r.header("webhook-id").unwrap().to_owned()).collect();
    assert_eq!(ids, [in_flight.clone(), in_flight.clone()]);
    in_state(&me, &waiting, "delivered").await;
    let told = receiver.received().into_iter().find(|r| r.target == "/waiting").unwrap();
    assert_eq!(
        (told.json()["activationId"].clone(), told.json()["correlationId"].clone()),
        (json!(running), json!("order-42"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_down_for_three_attempts_and_a_restart_gets_its_callback() {
    let (mut wask, me, receiver) = serve().await;
    let (address, url) = (receiver.address(), receiver.url("/done"));
    drop(receiver);
    let (id, cb) = invoke(&me, "echo", &calling(&url, 0)).await;
    let failed = async |me: &Client, count: u64| {
        eventually(&format!("{count} attempts failed"), || async {
            (count <= callback(me, &cb).await["failedAttempts"].as_u64().unwrap()).then_some(())
        })
        .await;
    };
    failed(&me, 2).await;

    let data = wask.kill().await;
    let wask = ServerProcess::start("serve", &[], &SETTINGS, data).await;
    let me = wask.guest().await;
    failed(&me, 3).await;
    let receiver = Receiver::start_on(address).await;

    let known = in_state(&me, &cb, "delivered").await;
    let received = receiver.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].json()["activationId"], id);
    assert_eq!(received[0].header("webhook-id"), Some(cb.as_str()));
    let attempts = known["attempts"].as_array().unwrap();
    let numbers: Vec<_> = attempts.iter().map(|attempt| attempt["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=attempts.len() as u64).collect::<Vec<_>>(), "the count went on");
    assert!(attempts[..attempts.len() - 1].iter().all(|attempt| attempt["error"] == "connect_failure"));
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_15_s2_16_each_failed_attempt_is_logged_and_the_last_says_so() {
    let (wask, me, receiver) = serve().await;
    receiver.otherwise(Reply::Status(500));
    let asked = json!({ "__ow_callback": { "http": { "url": receiver.url("/") }, "retry": { "maxRetries": 1 } } });
    let (id, cb) = invoke(&me, "echo", &asked).await;
    in_state(&me, &cb, "failed").await;
    let log = eventually("the log says that the callback failed", || async {
        let log = wask.stderr();
        log.contains("callback undeliverable").then_some(log)
    })
    .await;
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("callback attempt failed")).collect();
    assert_eq!(lines.len(), 2, "{log}");
    for (n, line) in lines.iter().enumerate() {
        let line: Value = serde_json::from_str(line).unwrap();
        let told = ["level", "callback_id", "activation_id", "url_host", "error"].map(|field| line[field].clone());
        assert_eq!(told, ["ERROR", &cb, &id, "127.0.0.1", "http_status"].map(|text| json!(text)));
        assert_eq!((&line["attempt"], line["next_attempt_at"].is_string()), (&json!(n + 1), n == 0));
    }
}
