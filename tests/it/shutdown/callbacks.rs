//! Callbacks of a stopping server: those in flight or due later are delivered after the next start. feeds.md S2.17,
//! S2.18.

use rustix::process::Signal;
use serde_json::{Value, json};
use wask_tests::{Client, Receiver, Reply, ServerProcess, eventually};

use super::{load, settings};

/// Invokes with a callback to this receiver, retried 3 seconds after a failed attempt; returns the callback's id.
async fn invoke_with_callback(client: &Client, receiver: &Receiver) -> String {
    let retry = json!({ "mode": "constant", "intervalSeconds": 3, "maxRetries": 5 });
    let args = json!({ "__ow_callback": { "http": { "url": receiver.url("/told") }, "retry": retry } });
    let accepted = client.post("actions/echo", &args).await.expect(202);
    accepted.header("x-wask-callback-id").expect("a callback").to_owned()
}

async fn callback(client: &Client, id: &str) -> Value {
    client.get(&format!("callbacks/{id}")).await.expect(200).json()
}

/// The callback, as soon as it is in this state with this number of failed attempts.
async fn in_state(client: &Client, id: &str, state: &str, failed: u64) -> Value {
    eventually(&format!("{id} is {state}"), || async {
        let known = callback(client, id).await;
        (known["state"] == state && known["failedAttempts"] == failed).then_some(known)
    })
    .await
}

/// Counts the warnings about a callback that contain `says`.
fn lines(log: &str, id: &str, says: &str) -> usize {
    log.lines().filter(|line| line.contains("WARN") && line.contains(id) && line.contains(says)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_logs_open_callbacks_and_the_next_one_delivers_them() {
    let mut settings = settings("30000").to_vec();
    settings.push(("WASK_EGRESS__ALLOW_CIDRS", r#"["127.0.0.0/8"]"#));
    let mut wask = ServerProcess::serve(&settings).await;
    let me = wask.guest().await;
    super::deploy(&me).await;
    let (refuses_once, hangs_once) = (Receiver::start().await, Receiver::start().await);
    refuses_once.next([Reply::Status(500)]);
    hangs_once.next([Reply::Silence]);
    let under_way = invoke_with_callback(&me, &hangs_once).await;
    let waits = invoke_with_callback(&me, &refuses_once).await;
    in_state(&me, &under_way, "in_flight", 0).await;
    let (callers, queued) = load(&me).await;
    in_state(&me, &waits, "pending", 1).await;

    wask.signal(Signal::TERM);

    for caller in callers {
        caller.await.unwrap().expect(200);
    }
    assert_eq!(wask.ended().await.code(), Some(0), "{}", wask.stderr());
    let log = wask.stderr();
    for id in [&waits, &under_way] {
        assert_eq!(lines(&log, id, "deferred until the next start"), 1, "{id}: {log}");
    }
    assert_eq!(refuses_once.received().len(), 1, "no attempt begins once it stops");

    let next = ServerProcess::start("serve", &[], &settings, wask.data()).await;
    let me = next.guest().await;
    let delivered = in_state(&me, &waits, "delivered", 1).await;
    assert_eq!(delivered["attempts"].as_array().unwrap().len(), 2);
    let delivered = in_state(&me, &under_way, "delivered", 0).await;
    assert_eq!(delivered["attempts"].as_array().unwrap().len(), 1, "what became of the first one is not known");
    for (receiver, id, counted) in [(&refuses_once, &waits, ["1", "2"]), (&hangs_once, &under_way, ["1", "1"])] {
        let received = receiver.received();
        let header = |name| received.iter().filter_map(|request| request.header(name)).collect::<Vec<_>>();
        assert_eq!(header("webhook-id"), [id; 2]);
        assert_eq!(header("x-wask-attempt"), counted);
    }
    for id in &queued {
        assert_eq!(me.ended(id).await["response"]["result"], json!({ "slept": 300 }));
    }
}
