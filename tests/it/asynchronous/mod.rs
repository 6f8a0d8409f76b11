//! Work that outlives its caller: accepted once it is on disk, found by its id, ended at its own time limit. feeds.md §B.1, §B.2.

mod leaving;
mod long;

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::{Answer, Client, ServerProcess, TestServer, annotation, eventually, guest, wat};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const START: &str = "2030-01-01T06:00:00Z";

async fn started() -> TestServer {
    TestServer::builder().clock_by_hand(START).start().await
}

/// Waits until the activation is in this state.
async fn in_state(client: &Client, id: &str, state: &str) {
    eventually(&format!("{id} is {state}"), || async { (client.state(id).await == state).then_some(()) }).await;
}

fn id_of(answer: &Value) -> String {
    answer["activationId"].as_str().expect("an activationId").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_is_queued_then_runs_then_has_ended() {
    let wask = TestServer::builder().clock_by_hand(START).configure(|c| c.queue.concurrent_runs = 1).start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;

    let first = me.invoke_async("sleeper", &json!({ "ms": 1000 })).await;
    let second = me.invoke_async("sleeper", &json!({ "ms": 1000 })).await;

    in_state(&me, &first, "running").await;
    let status = me.get(&format!("activations/{second}/status")).await.expect(200).json();
    let expected = json!({ "activationId": second, "name": "guest/sleeper", "state": "queued", "status": null,
        "statusCode": null, "start": wask.now().millis(), "end": null, "callbacks": [] });
    assert_eq!(status, expected);
    for (id, state) in [(&first, "running"), (&second, "queued")] {
        for path in ["", "/result", "/logs"] {
            let answer = me.get(&format!("activations/{id}{path}")).await.expect(404);
            assert_eq!(answer.header("x-wask-activation-state"), Some(state));
            assert_eq!(answer.error(), "The requested resource does not exist.");
        }
    }

    wask.first_line(&first).await;
    wask.advance(SECOND);
    me.ended(&first).await;
    in_state(&me, &second, "running").await;
    wask.first_line(&second).await;
    wask.advance(SECOND);
    let record = me.ended(&second).await;
    assert_eq!(annotation(&record, "waitTime"), Some(json!(1000)));
    let status = me.get(&format!("activations/{second}/status")).await.expect(200).json();
    assert_eq!(
        (&status["state"], &status["status"], &status["statusCode"]),
        (&json!("ended"), &json!("success"), &json!(0))
    );
    assert_eq!(status["end"], wask.now().millis());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_id_has_no_state() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let unknown = "0123456789abcdef0123456789abcdef";

    me.get(&format!("activations/{unknown}/status")).await.expect(404);
    let answer = me.get(&format!("activations/{unknown}")).await.expect(404);
    assert_eq!(answer.header("x-wask-activation-state"), None);

    me.create_action("sleeper", &guest("sleeper")).await;
    let id = me.invoke_async("sleeper", &json!({ "ms": 50 })).await;
    let other = wask.other("somebody").await;
    other
        .send(other.request(Method::GET, &format!("/api/v1/namespaces/guest/activations/{id}/status")))
        .await
        .expect(403);
    other.get(&format!("activations/{id}/status")).await.expect(404);
    me.ended(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_ends_at_its_time_limit() {
    let wask = started().await;
    let me = wask.guest();
    let limits = |ms: u64| json!({ "limits": { "timeout": ms } });
    me.create_action_with("sleeper", &guest("sleeper"), limits(5000)).await;
    me.create_action_with("forever", &wat("sleep-forever"), limits(7000)).await;
    let sleeper = me.invoke_async("sleeper", &json!({ "ms": 60_000 })).await;
    let forever = me.invoke_async("forever", &json!({})).await;
    for id in [&sleeper, &forever] {
        in_state(&me, id, "running").await;
    }

    let ended_after = |id: String, limit: u64| {
        let (me, wask) = (&me, &wask);
        async move {
            let record = eventually("it has ended", || async {
                let answer = me.get(&format!("activations/{id}")).await;
                if answer.status != 200 {
                    wask.advance(Duration::from_millis(250));
                }
                (answer.status == 200).then(|| answer.json())
            })
            .await;
            assert_eq!(record["response"]["status"], "action developer error");
            let message = format!("The action exceeded its time limits of {limit} milliseconds.");
            assert_eq!(record["response"]["result"], json!({ "error": message }));
            assert_eq!(annotation(&record, "timeout"), Some(json!(true)));
            assert!(limit <= record["duration"].as_u64().unwrap(), "{record}");
        }
    };
    ended_after(sleeper, 5000).await;
    ended_after(forever, 7000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_are_fixed_when_the_invocation_is_accepted() {
    let wask = TestServer::builder().clock_by_hand(START).configure(|c| c.queue.concurrent_runs = 1).start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    let with = |value: &str| json!({ "parameters": [{ "key": "a", "value": value }] });
    me.create_action_with("echo", &guest("echo"), with("then")).await;
    let first = me.invoke_async("sleeper", &json!({ "ms": 1000 })).await;
    in_state(&me, &first, "running").await;

    let waiting = me.invoke_async("echo", &json!({ "b": 1 })).await;
    me.create_action_with("echo", &guest("echo"), with("now")).await;
    wask.advance(SECOND);

    let record = me.ended(&waiting).await;
    assert_eq!(record["response"]["result"], json!({ "a": "then", "b": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_says_that_its_action_was_deleted_before_it_ran() {
    let wask = TestServer::builder().clock_by_hand(START).configure(|c| c.queue.concurrent_runs = 1).start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    me.create_action("gone", &guest("echo")).await;
    let first = me.invoke_async("sleeper", &json!({ "ms": 1000 })).await;
    in_state(&me, &first, "running").await;

    let orphan = me.invoke_async("gone", &json!({})).await;
    me.delete("actions/gone").await.expect(200);
    wask.advance(SECOND);

    let record = me.ended(&orphan).await;
    assert_eq!(record["response"]["status"], "application error");
    let message = "Action could not be found or may have been deleted.";
    assert_eq!(record["response"]["result"], json!({ "error": message }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_invocation_is_on_disk() {
    let mut wask = ServerProcess::serve(&[]).await;
    let me = wask.guest().await;
    me.create_action("echo", &guest("echo")).await;
    me.create_trigger("dawn").await;
    me.create_rule("on-dawn", "dawn", "echo").await;

    let event = me.post("triggers/dawn", &json!({ "n": "event" })).await.expect(202).json();
    let invoked = me.invoke_async("echo", &json!({ "n": "invoked" })).await;
    let data = wask.kill().await; // at once, when the answers have just been read

    let wask = ServerProcess::start("serve", &[], &[], data).await;
    let me = wask.guest().await;
    assert_eq!(me.ended(&invoked).await["response"]["result"], json!({ "n": "invoked" }));
    let event = me.ended(&id_of(&event)).await;
    let line: Value = serde_json::from_str(event["logs"][0].as_str().unwrap()).unwrap();
    assert_eq!(me.ended(&id_of(&line)).await["response"]["result"]["n"], "event");
    assert_eq!(me.activations_of("echo").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_caller_that_waits_too_long_gets_the_id_and_later_a_record() {
    let wask = started().await;
    let me = wask.guest();
    me.create_action_with("sleeper", &guest("sleeper"), json!({ "limits": { "timeout": 3_600_000 } })).await;
    let start = wask.now();
    let waiting = tokio::spawn({
        let me = me.clone();
        async move { me.invoke("sleeper", &json!({ "ms": 1_800_000 })).await }
    });

    let answer = answered(&wask, waiting).await.expect(202);

    assert!(MINUTE <= wask.now().since(start));
    let id = id_of(&answer.json());
    assert_eq!(answer.json(), json!({ "activationId": id }));
    assert_eq!(answer.header("x-openwhisk-activation-id"), Some(id.as_str()));
    assert_eq!(me.state(&id).await, "running");
    assert_eq!(me.get(&format!("activations/{id}")).await.header("x-wask-activation-state"), Some("running"));

    wask.advance(30 * MINUTE);
    let record = me.ended(&id).await;
    assert_eq!((&record["response"]["status"], &record["activationId"]), (&json!("success"), &json!(id)));
    assert_eq!(record["response"]["result"], json!({ "slept": 1_800_000 }));
    assert_eq!(annotation(&record, "attempts"), None);
    assert_eq!(me.state(&id).await, "ended");
    assert_eq!(me.activations_of("sleeper").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_caller_that_waits_too_long_gets_202() {
    let wask = started().await;
    let me = wask.guest();
    me.create_web_action("sleeper", &guest("sleeper")).await;
    me.put("actions/sleeper?overwrite=true", &json!({ "limits": { "timeout": 3_600_000 } })).await.expect(200);
    let waiting = tokio::spawn({
        let me = me.clone();
        async move {
            me.send(me.anonymous(Method::POST, &me.web_path("sleeper.json")).json(&json!({ "ms": 1_800_000 }))).await
        }
    });

    let answer = answered(&wask, waiting).await.expect(202);

    assert_eq!(answer.error(), "Response not yet ready.");
    assert_eq!(answer.json()["code"].as_str(), answer.header("x-request-id"));
    let id = answer.header("x-openwhisk-activation-id").unwrap().to_owned();
    wask.advance(30 * MINUTE);
    assert_eq!(me.ended(&id).await["response"]["result"], json!({ "slept": 1_800_000 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_can_choose_a_shorter_wait() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;

    let path = "actions/sleeper?blocking=true&timeout=50";
    let answer = me.post(path, &json!({ "ms": 500 })).await.expect(202);

    let id = id_of(&answer.json());
    assert_eq!(me.ended(&id).await["response"]["result"], json!({ "slept": 500 }));
}

/// Advances the clock by one second at a time until the caller is answered.
async fn answered(wask: &TestServer, waiting: tokio::task::JoinHandle<Answer>) -> Answer {
    eventually("the caller is answered", || async {
        wask.advance(SECOND);
        waiting.is_finished().then_some(())
    })
    .await;
    waiting.await.expect("no panic")
}
