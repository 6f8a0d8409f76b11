//! Managing callbacks: lists, settings, restarting and cancelling. feeds.md §C.8.

use serde_json::{Value, json};
use wask_tests::{Receiver, Reply, TestServer, guest};

use super::{SECOND, START, callback, calling, in_state, invoke, seconds_until, started};

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_16_s3_6_s3_7_callbacks_are_listed_newest_first_filtered_and_counted() {
    let (wask, me, receiver) = started().await;
    me.create_action("other", &guest("echo")).await;
    receiver.next([Reply::Status(500)]);
    let failing = json!({ "__ow_callback": { "http": { "url": receiver.url("/") }, "retry": { "maxRetries": 0 }, "correlationId": "a" } });
    let (first, failed) = invoke(&me, "echo", &failing).await;
    in_state(&me, &failed, "failed").await;
    wask.advance(SECOND);
    let middle = wask.now().millis();
    let (second, delivered) = invoke(&me, "other", &calling(&receiver.url("/"))).await;
    in_state(&me, &delivered, "delivered").await;

    for (filter, found) in [
        (String::new(), vec![&delivered, &failed]),
        ("?state=failed".into(), vec![&failed]),
        ("?state=delivered".into(), vec![&delivered]),
        ("?state=waiting".into(), vec![]),
        (format!("?activationId={first}"), vec![&failed]),
        ("?name=other".into(), vec![&delivered]),
        ("?name=/guest/other".into(), vec![&delivered]),
        ("?correlationId=a".into(), vec![&failed]),
        (format!("?since={middle}"), vec![&delivered]),
        (format!("?upto={}", middle - 1), vec![&failed]),
        ("?limit=1&skip=1".into(), vec![&failed]),
    ] {
        let list = me.get(&format!("callbacks{filter}")).await.expect(200).json();
        assert_eq!(ids(&list), found, "{filter}");
    }
    assert_eq!(me.get("callbacks?count=true").await.json(), json!({ "callbacks": 2 }));
    assert_eq!(me.get("callbacks?count=true&state=failed").await.json(), json!({ "callbacks": 1 }));
    let refused = me.get("callbacks?state=lost").await.expect(400).error();
    assert!(refused.contains("state") && refused.contains("in_flight"), "{refused}");

    let tasks = me.get("tasks?type=CBCK").await.expect(200).json();
    assert_eq!(ids(&tasks), [&delivered, &failed]);
    let end = |id: &str, cb: &str, name: &str, state: &str, row: &Value| json!({ "type": "CBCK", "id": cb, "name": name, "state": state, "start": row["start"], "end": row["end"], "parent": id });
    assert_eq!(tasks[0], end(&second, &delivered, "guest/other", "delivered", &tasks[0]));
    assert_eq!(tasks[1], end(&first, &failed, "guest/echo", "failed", &tasks[1]));
    let all = me.get("tasks").await.expect(200).json();
    assert_eq!(all.as_array().unwrap().len(), 4);
    assert_eq!(ids(&me.get("tasks?type=ACTN").await.json()), [&second, &first]);
    assert_eq!(me.get("tasks?type=TRIG&count=true").await.json(), json!({ "tasks": 0 }));
    assert_eq!(me.get("tasks?type=EVNT").await.json(), json!([]));
    me.get("tasks?type=EGGS").await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_is_visible_only_to_its_namespace() {
    let (wask, me, receiver) = started().await;
    let (_, cb) = invoke(&me, "echo", &calling(&receiver.url("/"))).await;
    in_state(&me, &cb, "delivered").await;
    let other = wask.other("somebody").await;
    other.get(&format!("callbacks/{cb}")).await.expect(404);
    other.post(&format!("callbacks/{cb}/retry"), &json!({})).await.expect(404);
    other.delete(&format!("callbacks/{cb}")).await.expect(404);
    assert_eq!(other.get("callbacks").await.json(), json!([]));
    me.get("callbacks/cb_00000000000000000000000000000000").await.expect(404);
    me.get("callbacks/0123").await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_can_restart_an_ended_callback_with_all_its_retries() {
    let (wask, me, receiver) = started().await;
    receiver.otherwise(Reply::Status(500));
    let asked = json!({ "n": 7, "__ow_callback": { "http": { "url": receiver.url("/"), "payload": "result" }, "retry": { "maxRetries": 1 } } });
    let (_, cb) = invoke(&me, "echo", &asked).await;
    me.post(&format!("callbacks/{cb}/retry"), &json!({})).await.expect(409);
    receiver.received_at_least(1).await;
    seconds_until(&wask, &receiver, 2).await;
    in_state(&me, &cb, "failed").await;

    let answer = me.post(&format!("callbacks/{cb}/retry"), &json!({})).await.expect(202).json();
    assert_eq!((&answer["id"], &answer["failedAttempts"]), (&json!(cb), &json!(0)));
    receiver.received_at_least(3).await;
    seconds_until(&wask, &receiver, 4).await;
    in_state(&me, &cb, "failed").await;

    receiver.otherwise(Reply::Status(200));
    me.post(&format!("callbacks/{cb}/retry"), &json!({})).await.expect(202);
    in_state(&me, &cb, "delivered").await;
    me.post(&format!("callbacks/{cb}/retry"), &json!({})).await.expect(202);
    let received = receiver.received_at_least(6).await;
    in_state(&me, &cb, "delivered").await;
    assert!(
        received.iter().all(|r| r.header("webhook-id") == Some(cb.as_str()) && r.json()["result"] == json!({ "n": 7 }))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_callback_is_never_sent() {
    let (wask, me, receiver) = started().await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let mut asked = calling(&receiver.url("/"));
    asked["ms"] = json!(1000);
    let (id, waiting) = invoke(&me, "sleeper", &asked).await;
    assert_eq!(callback(&me, &waiting).await["state"], "waiting");
    let cancelled = me.delete(&format!("callbacks/{waiting}")).await.expect(200).json();
    assert_eq!(cancelled["state"], "cancelled");
    me.delete(&format!("callbacks/{waiting}")).await.expect(409);
    me.post(&format!("callbacks/{waiting}/retry"), &json!({})).await.expect(409);

    receiver.next([Reply::Status(500)]);
    let (_, pending) = invoke(&me, "echo", &calling(&receiver.url("/"))).await;
    receiver.received_at_least(1).await;
    in_state(&me, &pending, "pending").await;
    me.delete(&format!("callbacks/{pending}")).await.expect(200);

    super::eventually("the sleeper has ended", || async {
        wask.advance(SECOND);
        (me.state(&id).await == "ended").then_some(())
    })
    .await;
    wask.advance(600 * SECOND);
    let (_, last) = invoke(&me, "echo", &calling(&receiver.url("/last"))).await;
    in_state(&me, &last, "delivered").await;
    assert_eq!(receiver.received().len(), 2, "the failed attempt and the last one");
    for cb in [&waiting, &pending] {
        assert_eq!(callback(&me, cb).await["state"], "cancelled");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_8_s3_13_s3_28_s3_29_a_namespace_sets_its_own_and_null_unsets() {
    let (wask, me, receiver) = started().await;
    let other = wask.other("somebody").await;
    let set =
        me.put("callbacks/settings", &json!({ "maxRetries": 3, "retryMode": "squared", "payload": "result" })).await;
    let set = set.expect(200).json();
    assert_eq!((&set["maxRetries"], &set["source"]["maxRetries"]), (&json!(3), &json!("namespace")));
    assert_eq!((&set["intervalSeconds"], &set["source"]["intervalSeconds"]), (&json!(60), &json!("server")));
    assert_eq!(other.get("callbacks/settings").await.json()["source"]["maxRetries"], "server");

    receiver.next([Reply::Status(500)]);
    let (_, cb) = invoke(&me, "echo", &calling(&receiver.url("/"))).await;
    let known = callback(&me, &cb).await;
    assert_eq!(known["retry"], json!({ "mode": "squared", "intervalSeconds": 60, "maxRetries": 3 }));
    assert_eq!(known["payload"], "result");
    let request = json!({ "__ow_callback": { "http": { "url": receiver.url("/") }, "retry": { "maxRetries": 1 } } });
    let (_, cb) = invoke(&me, "echo", &request).await;
    assert_eq!(callback(&me, &cb).await["retry"]["maxRetries"], 1, "the request wins");

    me.put("callbacks/settings", &json!({ "httpsOnly": true })).await.expect(200);
    let refused = me.post("actions/echo", &calling(&receiver.url("/"))).await.expect(400);
    assert_eq!(refused.error(), "callback.http.url must use https");
    let back = me.put("callbacks/settings", &json!({ "httpsOnly": null, "maxRetries": null })).await.expect(200).json();
    assert_eq!(
        (&back["source"]["maxRetries"], &back["maxRetries"], &back["httpsOnly"]),
        (&json!("server"), &json!(5), &json!(false))
    );
    assert_eq!(back["source"]["retryMode"], "namespace");
    for (body, sentence) in [
        (json!({ "maxRetries": 21 }), "maxRetries must be an integer between 0 and 20"),
        (json!({ "colour": 1 }), "colour is not a known field"),
        (json!({ "signingSecret": "whsec_" }), "signingSecret may not be set"),
    ] {
        assert_eq!(me.put("callbacks/settings", &body).await.expect(400).error(), sentence);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_can_require_https_of_every_namespace() {
    let wask =
        TestServer::builder().clock_by_hand(START).configure(|config| config.callbacks.https_only = true).start().await;
    let (me, receiver) = (wask.guest(), Receiver::start().await);
    me.create_action("echo", &guest("echo")).await;
    me.put("callbacks/settings", &json!({ "httpsOnly": false })).await.expect(200);
    let refused = me.post("actions/echo", &calling(&receiver.url("/"))).await.expect(400);
    assert_eq!(refused.error(), "callback.http.url must use https");
    assert_eq!(me.get("callbacks/settings").await.json()["httpsOnly"], true);
}
