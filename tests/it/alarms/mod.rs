//! Alarms through the feed that `wsk` and `aio` call. feeds.md §A; A1 to A45 are the examples of feeds.md §A.13.

mod bounds;
mod examples;
mod feeds;
mod history;
mod ticks;

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use wask_tests::{Answer, Client, TestServer, annotation, eventually, guest};

const MINUTE: Duration = Duration::from_secs(60);
/// 2030-01-01T05:59:00Z, a Tuesday.
const START: &str = "2030-01-01T05:59:00Z";
const T0: i64 = 1_893_477_540_000;

async fn started() -> TestServer {
    TestServer::builder().clock_by_hand(START).start().await
}

/// The application error that the feed returned.
fn refusal(answer: Answer) -> Value {
    let record = answer.expect(502).json();
    assert_eq!(record["response"]["status"], "application error");
    assert_eq!(record["response"]["success"], false);
    record["response"]["result"].clone()
}

fn nested(message: &str) -> Value {
    json!({ "error": { "error": message } })
}

async fn read(client: &Client, trigger: &str) -> Value {
    client.alarm("READ", trigger, json!({})).await.expect(200).json()["response"]["result"].clone()
}

/// Waits until the server has claimed the tick of `trigger` that was due at `expected`.
async fn last_fire(client: &Client, trigger: &str, expected: i64) {
    eventually(&format!("{trigger} has its tick of {expected}"), || async {
        (read(client, trigger).await["status"]["lastFire"] == expected).then_some(())
    })
    .await;
}

/// The start of every firing of a trigger, oldest first, in milliseconds after [`T0`].
async fn events_of(client: &Client, trigger: &str, count: usize) -> Vec<i64> {
    let records = client.activations_of_at_least(trigger, count).await;
    records.iter().rev().map(|record| record["start"].as_i64().expect("a time") - T0).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_fires_every_active_rule_and_skips_the_disabled_one() {
    let wask = started().await;
    let me = wask.guest();
    me.create_action("greet", &guest("echo")).await;
    me.create_alarm("dawn", "0 6 * * *", json!({ "sun": "up" })).await;
    me.create_rule("on-dawn", "dawn", "greet").await;
    me.create_rule("muted", "dawn", "greet").await;
    me.post("rules/muted", &json!({ "status": "inactive" })).await.expect(200);

    wask.advance(MINUTE);

    let event = me.activations_of_at_least("dawn", 1).await.remove(0);
    assert_eq!(event["response"]["result"], json!({ "sun": "up" }));
    assert_eq!(event["start"], T0 + 60_000);
    let greeted = me.activations_of_at_least("greet", 1).await;
    assert_eq!(greeted.len(), 1);
    assert_eq!(greeted[0]["response"]["result"], json!({ "sun": "up" }));
    assert_eq!(greeted[0]["cause"], event["activationId"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_shows_its_parameters_and_its_next_tick() {
    let wask = started().await;
    let me = wask.guest();
    me.create_action("greet", &guest("echo")).await;
    me.create_trigger("dawn").await;
    me.create_rule("on-dawn", "dawn", "greet").await;
    let given = json!({ "cron": "*/2 * * * *", "timezone": "Europe/Berlin", "trigger_payload": "hi", "strict": "TRUE",
        "startDate": "2030-01-01T06:00:00.000Z", "stopDate": "2031-01-01" });
    assert_eq!(me.alarm("CREATE", "dawn", given).await.expect(200).json()["response"]["result"]["status"], "success");

    let told = read(&me, "dawn").await;
    assert_eq!(
        told["config"],
        json!({ "name": "dawn", "namespace": "guest", "payload": { "payload": "hi" }, "cron": "*/2 * * * *",
            "timezone": "Europe/Berlin", "strict": "TRUE", "startDate": "2030-01-01T06:00:00.000Z",
            "stopDate": "2031-01-01" })
    );
    assert_eq!(
        told["status"],
        json!({ "active": true, "dateChanged": T0, "dateChangedISO": START, "nextFire": T0 + 60_000, "lastFire": null })
    );

    wask.advance(MINUTE);
    let event = me.activations_of_at_least("dawn", 1).await.remove(0);
    assert_eq!(event["response"]["result"], json!({ "payload": "hi" }));
    let status = read(&me, "dawn").await["status"].clone();
    assert_eq!((&status["lastFire"], &status["nextFire"]), (&json!(T0 + 60_000), &json!(T0 + 180_000)));
}

#[tokio::test(flavor = "multi_thread")]
async fn wsk_creates_the_trigger_first_and_deletes_it_if_the_feed_refuses() {
    let wask = started().await;
    let me = wask.guest();
    let feed = json!({ "annotations": [{ "key": "feed", "value": "/whisk.system/alarms/alarm" }] });
    me.put("triggers/dawn?overwrite=false", &feed).await.expect(200);

    let refused = me.alarm("CREATE", "dawn", json!({})).await; // A1

    assert_eq!(refusal(refused), nested("alarms trigger feed is missing the cron parameter"));
    me.delete("triggers/dawn").await.expect(200);
    me.get("triggers/dawn").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn aio_can_delete_the_feed_first_although_it_is_refused() {
    let wask = started().await;
    let me = wask.guest();
    me.create_trigger("dawn").await;

    let refused = me.alarm("DELETE", "dawn", json!({})).await;

    assert_eq!(refusal(refused), nested("could not find trigger /guest/dawn in the database"));
    me.alarm("CREATE", "dawn", json!({ "cron": "* * * * *" })).await.expect(200);
    assert_eq!(read(&me, "dawn").await["status"]["active"], true);
    me.alarm("DELETE", "dawn", json!({})).await.expect(200);
    assert_eq!(
        refusal(me.alarm("READ", "dawn", json!({})).await),
        nested("could not find trigger /guest/dawn in the database")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_alarm_no_longer_fires() {
    let wask = started().await;
    let me = wask.guest();
    me.create_action("greet", &guest("echo")).await;
    me.create_alarm("dawn", "* * * * *", json!({})).await;
    me.create_alarm("marker", "* * * * *", json!({})).await;
    me.create_rule("on-dawn", "dawn", "greet").await;

    me.alarm("DELETE", "dawn", json!({})).await.expect(200);
    wask.advance(MINUTE);
    last_fire(&me, "marker", T0 + 60_000).await;

    assert_eq!(me.activations_of("dawn").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_or_past_date_is_refused() {
    let wask = started().await;
    let me = wask.guest();
    me.create_trigger("dawn").await;
    let past = T0 - 5000;
    for (given, message) in [
        (json!({ "startDate": "tomorrow" }), "startDate parameter 'tomorrow' is not a valid Date".to_owned()),
        (json!({ "stopDate": past }), format!("stopDate parameter '{past}' must be in the future")),
    ] {
        let mut all = given;
        all["cron"] = json!("* * * * *");
        assert_eq!(refusal(me.alarm("CREATE", "dawn", all).await), nested(&message));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_event_is_refused_with_a_flat_error() {
    let wask = started().await;
    let me = wask.guest();
    me.create_trigger("dawn").await;

    for event in ["create", "", "START"] {
        let refused = me.alarm(event, "dawn", json!({ "cron": "* * * * *" })).await; // A39
        assert_eq!(refusal(refused), json!({ "error": "unsupported lifecycleEvent" }));
    }
    let nameless = me.alarm("CREATE", "dawn", json!({ "triggerName": "" })).await;
    assert_eq!(refusal(nameless), nested("no trigger name parameter was provided"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_accepts_only_a_key_of_the_callers_own_namespace() {
    let wask = started().await;
    let me = wask.guest();
    let other = wask.other("somebody").await;
    me.create_alarm("dawn", "* * * * *", json!({})).await;
    other.create_trigger("dawn").await;
    let (rest, last) = me.auth.split_at(me.auth.len() - 1);
    let wrong = format!("{rest}{}", if last == "x" { "y" } else { "x" });

    for key in [json!(other.auth), json!(wrong), json!("nonsense"), json!(null)] {
        for event in ["CREATE", "READ", "UPDATE", "DELETE", "PAUSE", "UNPAUSE"] {
            let refused = me.alarm(event, "dawn", json!({ "cron": "0 0 1 1 *", "authKey": key })).await; // A40
            assert_eq!(refusal(refused), nested("Trigger authentication request failed."), "{event} with {key}");
        }
    }
    let missing = me.alarm("CREATE", "nowhere", json!({ "cron": "* * * * *" })).await;
    assert_eq!(refusal(missing), nested("Trigger authentication request failed."));
    assert_eq!(read(&me, "dawn").await["config"]["cron"], "* * * * *");

    // The namespace in the name is ignored, so this is the caller's own trigger, which has no alarm.
    let theirs = other.alarm("READ", "dawn", json!({ "triggerName": "/guest/dawn" })).await;
    assert_eq!(refusal(theirs), nested("could not find trigger /somebody/dawn in the database"));
    me.send(me.anonymous(Method::POST, "/api/v1/namespaces/whisk.system/actions/alarms/alarm?blocking=true"))
        .await
        .expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_changes_the_given_parameters_and_revives_a_stopped_alarm() {
    let wask = started().await;
    let me = wask.guest();
    me.create_alarm("dawn", "0 0 1 1 *", json!({ "a": 1 })).await;
    me.alarm("PAUSE", "dawn", json!({})).await.expect(200);

    let given = json!({ "cron": "*/5 * * * *", "timezone": "Asia/Tokyo", "stopDate": T0 + 3_600_000 });
    me.alarm("UPDATE", "dawn", given).await.expect(200); // A38

    let told = read(&me, "dawn").await;
    assert_eq!((&told["config"]["cron"], &told["config"]["timezone"]), (&json!("*/5 * * * *"), &json!("Asia/Tokyo")));
    assert_eq!((&told["config"]["stopDate"], &told["config"]["payload"]), (&json!(T0 + 3_600_000), &json!({ "a": 1 })));
    assert_eq!((&told["status"]["active"], &told["status"]["nextFire"]), (&json!(true), &json!(T0 + 60_000)));
    assert_eq!(refusal(me.alarm("UPDATE", "dawn", json!({})).await), nested("no updatable parameters were specified"));
    let wrong = me.alarm("UPDATE", "dawn", json!({ "cron": "* *" })).await;
    assert_eq!(refusal(wrong), nested("cron pattern '* *' is not valid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_an_alarm_again_replaces_it_and_only_the_new_one_fires() {
    let wask = started().await;
    let me = wask.guest();
    me.create_action("greet", &guest("echo")).await;
    me.create_alarm("dawn", "* * * * *", json!({ "first": true })).await;
    me.create_rule("on-dawn", "dawn", "greet").await;

    me.create_alarm("marker", "* * * * *", json!({})).await;
    me.alarm("CREATE", "dawn", json!({ "cron": "*/2 * * * *" })).await.expect(200); // A41: due at 06:00 and 06:02
    assert_eq!(read(&me, "dawn").await["config"]["payload"], json!({}));
    for tick in 1..=3 {
        wask.advance(MINUTE);
        last_fire(&me, "marker", T0 + tick * 60_000).await;
    }

    assert_eq!(events_of(&me, "dawn", 2).await, [60_000, 180_000]);
    let events = me.activations_of("dawn").await;
    assert!(events.iter().all(|event| event["response"]["result"] == json!({})), "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_a_trigger_disables_its_alarm_at_the_next_tick() {
    let wask = started().await;
    let me = wask.guest();
    me.create_action("greet", &guest("echo")).await;
    me.create_alarm("dawn", "* * * * *", json!({})).await;
    me.create_alarm("marker", "* * * * *", json!({})).await;
    me.create_rule("on-marker", "marker", "greet").await;
    me.delete("triggers/dawn").await.expect(200); // A42

    wask.advance(MINUTE);

    me.activations_of_at_least("marker", 1).await;
    wask.advance(MINUTE);
    me.activations_of_at_least("marker", 2).await;

    me.create_trigger("dawn").await; // only a caller that can read the trigger may ask
    let reason = read(&me, "dawn").await["status"]["reason"].clone();
    let message = "Trigger automatically disabled: Received a 404 status code when firing the trigger";
    assert_eq!(reason, json!({ "kind": "AUTO", "statusCode": 404, "message": message }));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_namespace_can_use_the_alarm_feeds() {
    let wask = TestServer::start().await;
    let other = wask.other("somebody").await;

    let path = "/api/v1/namespaces/whisk.system/packages/alarms";
    let package = other.send(other.request(Method::GET, path)).await.expect(200).json();

    let feeds = package["feeds"].as_array().unwrap().iter().map(|feed| feed["name"].clone());
    assert_eq!(feeds.collect::<Vec<_>>(), ["alarm", "interval", "once"]);
    assert_eq!((&package["publish"], &package["namespace"]), (&json!(true), &json!("whisk.system")));
    other.send(other.request(Method::DELETE, path)).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_of_a_feed_call_shows_its_caller_and_not_the_key() {
    let wask = started().await;
    let me = wask.guest();
    me.create_alarm("dawn", "* * * * *", json!({})).await;

    let answer = me.alarm("READ", "dawn", json!({})).await.expect(200);

    let id = answer.json()["activationId"].as_str().unwrap().to_owned();
    let record = me.ended(&id).await;
    assert_eq!((&record["name"], &record["namespace"]), (&json!("alarm"), &json!("guest")));
    assert_eq!(annotation(&record, "path"), Some(json!("whisk.system/alarms/alarm")));
    assert_eq!(record["response"]["result"]["config"]["name"], "dawn");
    assert!(!record.to_string().contains(&me.auth));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_at_its_limit_can_replace_an_alarm_but_not_add_one() {
    let wask = TestServer::builder().configure(|config| config.alarms.max_per_namespace = 2).start().await;
    let me = wask.guest();
    for trigger in ["one", "two"] {
        me.create_alarm(trigger, "* * * * *", json!({})).await;
    }
    me.create_trigger("three").await;

    let refused = me.alarm("CREATE", "three", json!({ "cron": "* * * * *" })).await;

    assert_eq!(refusal(refused), nested("namespace has reached its limit of 2 alarm triggers"));
    me.alarm("CREATE", "two", json!({ "cron": "0 * * * *" })).await.expect(200);
    me.alarm("DELETE", "one", json!({})).await.expect(200);
    me.alarm("CREATE", "three", json!({ "cron": "* * * * *" })).await.expect(200);
}
