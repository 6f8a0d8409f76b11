//! Retry policies of actions and rules.

use std::time::Duration;

use serde_json::{Value, json};
use wask_tests::{Client, Receiver, ServerProcess, TestServer, annotation, eventually, guest, wat};

use super::{SECOND, START, ended_in_time, in_state, retry, started, status};

/// The failed attempts in a record, by how each ended.
fn failed(record: &Value) -> Vec<(u64, String)> {
    let all = annotation(record, "failedAttempts").unwrap_or(json!([]));
    let all = all.as_array().unwrap().iter();
    all.map(|one| (one["attempt"].as_u64().unwrap(), one["error"].as_str().unwrap().to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_is_retried_after_its_policys_waits_and_has_one_record() {
    let (wask, me) = started().await;
    let policy = json!({ "attempts": 4, "delayMs": 10_000, "backoff": "exponential" });
    me.create_action_with("error", &guest("error"), retry(policy)).await;
    let start = wask.now();
    let id = me.invoke_async("error", &json!({ "error": "boom" })).await;

    for (attempt, wait) in [(1, 10), (2, 20), (3, 40)] {
        let now = eventually("it waits for another attempt", || async {
            let now = status(&me, &id).await;
            (now["state"] == "retrying" && now["failedAttempts"].as_array().unwrap().len() == attempt).then_some(now)
        })
        .await;
        assert_eq!(now["nextAttemptAt"], wask.now().millis() + wait * 1000);
        assert_eq!(now["start"], start.millis(), "when it was accepted");
        assert_eq!(now["failedAttempts"][attempt - 1]["status"], "application error");
        let missing = me.get(&format!("activations/{id}")).await.expect(404);
        assert_eq!(missing.header("x-wask-activation-state"), Some("retrying"));
        wask.advance(u32::try_from(wait).unwrap() * SECOND);
    }

    let record = me.ended(&id).await;
    assert_eq!(record["response"]["result"], json!({ "error": "boom" }));
    assert_eq!(annotation(&record, "attempts"), Some(json!(4)));
    assert_eq!(failed(&record), [(1, "boom".into()), (2, "boom".into()), (3, "boom".into())]);
    assert_eq!(me.activations_of("error").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_successful_attempt_is_the_last() {
    let (wask, me) = started().await;
    me.create_action_with("changes", &guest("error"), retry(json!({ "attempts": 5, "delayMs": 1000 }))).await;
    let id = me.invoke_async("changes", &json!({ "error": "not yet" })).await;
    in_state(&me, &id, "retrying").await;
    me.put_code("changes", &wat("result-then-exit-0"), json!({})).await.expect(200);

    let record = ended_in_time(&wask, &id).await;

    assert_eq!(record["response"]["status"], "success");
    assert_eq!((annotation(&record, "attempts"), failed(&record).len()), (Some(json!(2)), 1));
    assert_eq!(me.get("dead-letters").await.json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_outcomes_that_the_policy_names_are_retried() {
    let (wask, me) = started().await;
    let policy = json!({ "on": ["action developer error"], "delayMs": 1000, "attempts": 2 });
    me.create_action_with("error", &guest("error"), retry(policy.clone())).await;
    me.create_action_with("panic", &guest("panic"), retry(policy)).await;
    let refused = me.invoke_async("error", &json!({})).await;
    let record = me.ended(&refused).await;
    assert_eq!((annotation(&record, "attempts"), failed(&record).len()), (None, 0));
    let broken = me.invoke_async("panic", &json!({})).await;
    let record = ended_in_time(&wask, &broken).await;
    assert_eq!(annotation(&record, "attempts"), Some(json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_call_is_not_retried() {
    let (_wask, me) = started().await;
    me.create_action_with("error", &guest("error"), retry(json!({ "delayMs": 0 }))).await;
    let record = me.invoke("error", &json!({ "error": "no" })).await.expect(502).json();
    assert_eq!(annotation(&record, "attempts"), None);
    assert_eq!(me.get("dead-letters").await.json(), json!([]));
}

async fn fired(me: &Client, trigger: &str) -> String {
    let event = me.post(&format!("triggers/{trigger}"), &json!({ "error": "no" })).await.expect(202).json();
    let event = me.ended(event["activationId"].as_str().unwrap()).await;
    let line: Value = serde_json::from_str(event["logs"][0].as_str().unwrap()).unwrap();
    line["activationId"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rules_retry_policy_replaces_the_actions() {
    let (wask, me) = started().await;
    me.create_action_with("error", &guest("error"), retry(json!({ "attempts": 9, "delayMs": 3_600_000 }))).await;
    me.create_trigger("dawn").await;
    let rule = json!({
        "trigger": "/_/dawn", "action": "/_/error",
        "annotations": [{ "key": "retry", "value": { "attempts": 2, "delayMs": 1000 } }],
    });
    me.put("rules/on-dawn", &rule).await.expect(200);
    let id = fired(&me, "dawn").await;
    let record = ended_in_time(&wask, &id).await;
    assert_eq!(annotation(&record, "attempts"), Some(json!(2)));
    let links = me.get("triggers/dawn").await.json()["rules"]["guest/on-dawn"].clone();
    assert_eq!(links, json!({ "action": { "name": "error", "path": "guest" }, "status": "active" }));

    me.put("rules/on-dawn?overwrite=true", &json!({ "annotations": [] })).await.expect(200);
    let id = fired(&me, "dawn").await;
    in_state(&me, &id, "retrying").await;
    assert_eq!(status(&me, &id).await["nextAttemptAt"], wask.now().millis() + 3_600_000, "the action's again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_is_retried_from_its_start() {
    let (wask, me) = started().await;
    me.create_action("echo", &guest("echo")).await;
    me.create_action("error", &guest("error")).await;
    let mut sequence = retry(json!({ "attempts": 2, "delayMs": 1000 }));
    sequence["exec"] = json!({ "kind": "sequence", "components": ["/_/echo", "/_/error"] });
    me.put("actions/both", &sequence).await.expect(200);
    let id = me.invoke_async("both", &json!({})).await;
    let record = ended_in_time(&wask, &id).await;
    assert_eq!((annotation(&record, "attempts"), failed(&record).len()), (Some(json!(2)), 1));
    assert_eq!(me.activations_of("echo").await.len(), 2);
    assert_eq!(me.activations_of("error").await.len(), 2);
    assert_eq!(me.activations_of("both").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_policy_is_refused_when_the_action_or_rule_is_created() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let refused = me.put_code("bad", &guest("echo"), retry(json!({ "attempts": 21 }))).await.expect(400).error();
    assert_eq!(
        refused,
        "The request content was malformed:\nannotation 'retry': attempts must be an integer from 1 to 20, not 21"
    );
    me.create_action("echo", &guest("echo")).await;
    me.create_trigger("dawn").await;
    let rule = json!({ "trigger": "/_/dawn", "action": "/_/echo", "annotations": [{ "key": "retry", "value": true }] });
    let refused = me.put("rules/bad", &rule).await.expect(400).error();
    assert!(refused.contains("annotation 'retry' must be an object, not true"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_and_waits_survive_a_crash_which_counts_as_an_attempt() {
    let mut wask = ServerProcess::serve(&[]).await;
    let me = wask.guest().await;
    me.create_action_with("error", &guest("error"), retry(json!({ "attempts": 3, "delayMs": 700 }))).await;
    let id = me.invoke_async("error", &json!({ "error": "no" })).await;
    in_state(&me, &id, "retrying").await;

    let data = wask.kill().await;
    let wask = ServerProcess::start("serve", &[], &[], data).await;
    let me = wask.guest().await;

    let record = me.ended(&id).await;
    assert_eq!((annotation(&record, "attempts"), failed(&record).len()), (Some(json!(3)), 2));
    assert_eq!(me.get("dead-letters?count=true").await.json(), json!({ "dead-letters": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_does_not_count_as_a_node_failure() {
    for (fails, runs) in [("first", [("first", 2), ("second", 0)]), ("second", [("first", 2), ("second", 2)])] {
        let (wask, me) = started().await;
        let once = json!({ "annotations": [{ "key": "redelivery", "value": false }] });
        for name in ["first", "second"] {
            let code = guest(if name == fails { "error" } else { "echo" });
            me.create_action_with(name, &code, once.clone()).await;
        }
        let mut sequence = retry(json!({ "attempts": 2, "delayMs": 1000 }));
        sequence["exec"] = json!({ "kind": "sequence", "components": ["/_/first", "/_/second"] });
        me.put("actions/both", &sequence).await.expect(200);

        let id = me.invoke_async("both", &json!({})).await;
        let record = ended_in_time(&wask, &id).await;

        assert_eq!(record["response"]["status"], "application error", "the {fails} fails: {record}");
        assert_eq!((annotation(&record, "attempts"), failed(&record).len()), (Some(json!(2)), 1));
        for (name, count) in runs {
            let parts = me.activations_of(name).await;
            assert_eq!(parts.len(), count, "{name} where the {fails} fails: {parts:?}");
            for part in parts {
                let status = if name == fails { "application error" } else { "success" };
                assert_eq!(
                    (&part["response"]["status"], annotation(&part, "attempts")),
                    (&json!(status), None),
                    "{part}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_caller_gets_the_first_attempt_even_if_it_had_to_queue() {
    for has_to_wait in [false, true] {
        let one = |config: &mut wask::config::Config| config.limits.concurrent_invocations = 1;
        let wask = TestServer::builder().clock_by_hand(START).configure(one).start().await;
        let (me, receiver) = (wask.guest(), Receiver::start().await);
        me.create_action_with("error", &guest("error"), retry(json!({ "attempts": 3, "delayMs": 60_000 }))).await;
        me.create_action("sleeper", &guest("sleeper")).await;
        if has_to_wait {
            let first = me.invoke_async("sleeper", &json!({ "ms": 1000 })).await;
            in_state(&me, &first, "running").await;
        }
        let caller = tokio::spawn({
            let (me, args) = (me.clone(), json!({ "error": "no", "__ow_callback": receiver.url("/told") }));
            async move { me.invoke("error", &args).await }
        });
        if has_to_wait {
            eventually("the caller waits", || async { (wask.queued().await == 2).then_some(()) }).await;
            wask.advance(SECOND);
        }

        let answer = tokio::time::timeout(Duration::from_secs(10), caller).await;

        let answer = answer.unwrap_or_else(|_| panic!("an answer at once, had to wait: {has_to_wait}")).unwrap();
        let record = answer.expect(502).json();
        assert_eq!(record["response"]["result"], json!({ "error": "no" }));
        let told = receiver.received_at_least(1).await.remove(0).json();
        assert_eq!(told["activationId"], record["activationId"]);
        for n in 2..=4 {
            wask.advance(61 * SECOND);
            let other = json!({ "ms": 0, "__ow_callback": receiver.url("/other") });
            me.post("actions/sleeper", &other).await.expect(202);
            receiver.received_at_least(n).await;
        }
        assert_eq!(receiver.received().iter().filter(|request| request.target == "/told").count(), 1);
        assert_eq!(annotation(&me.ended(record["activationId"].as_str().unwrap()).await, "attempts"), None);
        assert_eq!(me.activations_of("error").await.len(), 1);
        assert_eq!(me.get("dead-letters").await.json(), json!([]));
    }
}
