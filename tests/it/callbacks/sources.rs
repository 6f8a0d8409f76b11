//! Callbacks of firings, guests and alarms. feeds.md §C.1, §C.3, §C.4, §C.8.

use std::time::Duration;

use serde_json::{Value, json};
use wask_tests::{Receiver, TestServer, annotation, eventually, guest};

use super::{SECOND, START, calling, in_state, invoke, started};

#[tokio::test(flavor = "multi_thread")]
async fn a_firing_calls_back_for_every_activation_of_its_rules() {
    let (_wask, me, receiver) = started().await;
    me.create_trigger("dawn").await;
    for rule in ["one", "two"] {
        me.create_rule(rule, "dawn", "echo").await;
    }
    let mut event = calling(&receiver.url("/"));
    event["sun"] = json!("up");
    let fired = me.post("triggers/dawn", &event).await.expect(202);
    assert_eq!(fired.header("x-wask-callback-id"), None);
    let fired = fired.json()["activationId"].as_str().unwrap().to_owned();

    let received = receiver.received_at_least(2).await;

    let rows = me.get(&format!("callbacks?cause={fired}")).await.expect(200).json();
    let mut told: Vec<_> = received.iter().map(|r| r.json()["activationId"].clone()).collect();
    let mut listed: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["activationId"].clone()).collect();
    told.sort_by_key(Value::to_string);
    listed.sort_by_key(Value::to_string);
    assert_eq!(told, listed);
    assert_eq!(me.ended(&fired).await["response"]["result"], json!({ "sun": "up" }));
    assert!(rows.as_array().unwrap().iter().all(|row| row["cause"] == fired.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_firing_without_a_rule_sends_no_callback() {
    let (_wask, me, receiver) = started().await;
    me.create_trigger("dawn").await;
    me.post("triggers/dawn", &calling(&receiver.url("/"))).await.expect(204);
    me.post("triggers/dawn", &calling("ftp://x")).await.expect(400);
    assert_eq!(me.get("callbacks").await.json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_can_subscribe_like_any_caller() {
    let (_wask, me, receiver) = started().await;
    me.create_action("invoker", &guest("invoker")).await;
    let args = json!({ "name": "echo", "params": { "n": 1, "__ow_callback": receiver.url("/guest") } });
    me.invoke("invoker", &args).await.expect(200);
    let received = receiver.received_at_least(1).await;
    assert_eq!((received[0].target.as_str(), received[0].json()["name"].clone()), ("/guest", json!("guest/echo")));
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_24_a_recurring_alarm_does_not_call_back_and_a_single_tick_does() {
    let (wask, me, receiver) = started().await;
    let payload = json!({ "n": 1, "__ow_callback": receiver.url("/") });
    for (feed, trigger, parameters) in [
        ("alarm", "every-minute", json!({ "cron": "* * * * *" })),
        ("interval", "each-minute", json!({ "minutes": 1 })),
        ("once", "at-last", json!({ "date": wask.now().millis() + 300_000 })),
    ] {
        me.create_trigger(trigger).await;
        me.create_rule(&format!("on-{trigger}"), trigger, "echo").await;
        let mut more = parameters;
        more["trigger_payload"] = payload.clone();
        me.feed(feed, "CREATE", trigger, more).await.expect(200);
    }
    for _ in 0..4 {
        wask.advance(Duration::from_secs(60));
        me.activations_of_at_least("every-minute", 1).await;
    }
    let started = me.activations_of_at_least("echo", 2).await;
    assert!(started.iter().all(|record| record["response"]["result"]["__ow_callback"].is_null()));
    assert!(receiver.received().is_empty());
    assert_eq!(me.get("callbacks?count=true").await.json(), json!({ "callbacks": 0 }));

    wask.advance(Duration::from_secs(61));
    let once = me.activations_of_at_least("at-last", 1).await;
    let received = receiver.received_at_least(1).await;
    let rows = me.get("callbacks").await.json();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert_eq!(rows[0]["cause"], once[0]["activationId"]);
    assert_eq!(received[0].json()["activationId"], rows[0]["activationId"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_says_that_its_activation_was_cancelled_or_expired() {
    let (wask, me, receiver) = started().await;
    let limits = json!({ "limits": { "timeout": 2000 } });
    me.create_action_with("sleeper", &guest("sleeper"), limits).await;
    let sleeping =
        json!({ "ms": 60_000, "__ow_callback": { "http": { "url": receiver.url("/"), "payload": "result" } } });
    let (cancelled, _) = invoke(&me, "sleeper", &sleeping).await;
    me.post(&format!("activations/{cancelled}/cancel"), &json!({})).await.expect(202);
    let told = receiver.received_at_least(1).await[0].json();
    assert_eq!((&told["activationId"], &told["status"]), (&json!(cancelled), &json!("application error")));
    assert_eq!(told["result"], json!({ "error": "The activation was cancelled." }));
    assert_eq!(annotation(&me.ended(&cancelled).await, "cancelled"), Some(json!(true)));

    let (expired, cb) = invoke(&me, "sleeper", &sleeping).await;
    let told = eventually("the time limit is reported", || async {
        wask.advance(SECOND / 2);
        receiver.received().get(1).map(wask_tests::Received::json)
    })
    .await;
    assert_eq!((&told["activationId"], &told["status"]), (&json!(expired), &json!("action developer error")));
    in_state(&me, &cb, "delivered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_lends_its_permit_to_the_activation_that_it_waits_for() {
    for others_wait in [false, true] {
        let limits = |config: &mut wask::config::Config| {
            (config.limits.concurrent_invocations, config.limits.queued_invocations) = (1, 5);
        };
        let wask = TestServer::builder().clock_by_hand(START).configure(limits).start().await;
        let (me, receiver) = (wask.guest(), Receiver::start().await);
        for name in ["echo", "invoker", "sleeper"] {
            me.create_action(name, &guest(name)).await;
        }
        let params = json!({ "n": 1, "__ow_callback": receiver.url("/guest") });
        let args = json!({ "name": "echo", "blocking": true, "result": true, "params": params });
        if others_wait {
            let first = me.invoke_async("sleeper", &json!({ "ms": 1000 })).await;
            eventually("the first runs", || async { (me.state(&first).await == "running").then_some(()) }).await;
        }
        let caller = tokio::spawn({
            let me = me.clone();
            async move { me.invoke("invoker", &args).await }
        });
        let mut last = None;
        if others_wait {
            eventually("the caller waits", || async { (wask.queued().await == 2).then_some(()) }).await;
            wask.advance(SECOND / 100); // work that arrives at the same time has no order
            last = Some(me.invoke_async("echo", &json!({})).await);
            wask.advance(SECOND);
        }

        let answer = tokio::time::timeout(Duration::from_secs(10), caller).await;

        let answer = answer.unwrap_or_else(|_| panic!("it waits for a turn, others wait: {others_wait}")).unwrap();
        assert_eq!(answer.expect(200).json()["response"]["result"], json!({ "n": 1 }));
        let told = receiver.received_at_least(1).await.remove(0);
        assert_eq!((told.target.as_str(), told.json()["name"].clone()), ("/guest", json!("guest/echo")));
        for id in told.json()["activationId"].as_str().into_iter().chain(last.as_deref()) {
            assert_eq!(me.ended(id).await["response"]["status"], "success");
        }
    }
}
