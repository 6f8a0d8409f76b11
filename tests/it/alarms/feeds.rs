//! Intervals and single ticks, from the call of their feed to what remains of them. feeds.md §A.5 to §A.12.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use wask_tests::{Client, TestServer, eventually, guest};

use super::{MINUTE, T0, events_of, last_fire, nested, read, refusal, started};

const SECOND: Duration = Duration::from_secs(1);

/// Creates a trigger with an alarm of any feed, and a rule, so that its firings are recorded.
async fn feed_with_rule(client: &Client, feed: &str, trigger: &str, given: serde_json::Value) {
    client.create_action("greet", &guest("echo")).await;
    client.create_trigger(trigger).await;
    client.create_rule(&format!("on-{trigger}"), trigger, "greet").await;
    client.feed(feed, "CREATE", trigger, given).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a18_an_interval_fires_from_its_start_date_to_its_stop_date() {
    let wask = started().await;
    let me = wask.guest();
    let given =
        json!({ "minutes": 1, "startDate": T0 + 5_000, "stopDate": T0 + 80_000, "trigger_payload": { "n": 1 } });
    feed_with_rule(&me, "interval", "pulse", given).await;

    wask.advance(5 * SECOND);
    last_fire(&me, "pulse", T0 + 5_000).await;
    assert_eq!(read(&me, "pulse").await["status"]["nextFire"], T0 + 65_000);
    wask.advance(MINUTE);
    last_fire(&me, "pulse", T0 + 65_000).await;

    assert_eq!(events_of(&me, "pulse", 2).await, [5_000, 65_000]);
    let reason = "Automatically disabled after firing last scheduled interval trigger";
    assert_eq!(read(&me, "pulse").await["status"]["reason"], json!({ "kind": "AUTO", "message": reason }));
    assert_eq!(me.activations_of_at_least("greet", 2).await[0]["response"]["result"], json!({ "n": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a23_a_single_tick_can_delete_its_trigger_and_rules() {
    let wask = started().await;
    let me = wask.guest();
    let given = json!({ "date": T0 + 3_000, "deleteAfterFire": " RULES " });
    feed_with_rule(&me, "once", "flash", given).await;

    wask.advance(3 * SECOND);

    assert_eq!(me.activations_of_at_least("greet", 1).await.len(), 1);
    eventually("the trigger is gone", || async { (me.get("triggers/flash").await.status == 404).then_some(()) }).await;
    me.get("rules/on-flash").await.expect(404);
    me.create_trigger("flash").await;
    let gone = "could not find trigger /guest/flash in the database";
    let answer = eventually("the alarm is gone", || async {
        let answer = me.alarm("READ", "flash", json!({})).await;
        (answer.status == 502).then_some(answer)
    });
    assert_eq!(refusal(answer.await), nested(gone));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_tick_that_deletes_its_trigger_leaves_the_rules() {
    let wask = started().await;
    let me = wask.guest();
    feed_with_rule(&me, "once", "flash", json!({ "date": T0 + 3_000, "deleteAfterFire": true })).await;

    wask.advance(3 * SECOND);

    assert_eq!(me.activations_of_at_least("greet", 1).await.len(), 1);
    eventually("the trigger is gone", || async { (me.get("triggers/flash").await.status == 404).then_some(()) }).await;
    assert_eq!(me.get("rules/on-flash").await.expect(200).json()["status"], "inactive");
}

#[tokio::test(flavor = "multi_thread")]
async fn a24_a_single_tick_disables_its_alarm_and_leaves_the_trigger() {
    let wask = started().await;
    let me = wask.guest();
    feed_with_rule(&me, "once", "flash", json!({ "date": T0 + 3_000 })).await;

    wask.advance(3 * SECOND);
    me.activations_of_at_least("greet", 1).await;
    wask.advance(MINUTE);

    let status = read(&me, "flash").await["status"].clone();
    let reason = "Automatically disabled after firing once";
    assert_eq!((&status["active"], &status["nextFire"]), (&json!(false), &json!(null)));
    assert_eq!(status["reason"], json!({ "kind": "AUTO", "message": reason }));
    assert_eq!(events_of(&me, "flash", 1).await, [3_000]);
    me.get("triggers/flash").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a25_a_string_reaches_the_action_as_the_argument_payload() {
    let wask = started().await;
    let me = wask.guest();
    feed_with_rule(&me, "once", "flash", json!({ "date": T0 + 3_000, "trigger_payload": "hi" })).await;

    wask.advance(3 * SECOND);

    assert_eq!(me.activations_of_at_least("greet", 1).await[0]["response"]["result"], json!({ "payload": "hi" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn any_feed_action_reads_and_stops_the_alarm_of_another() {
    let wask = started().await;
    let me = wask.guest();
    feed_with_rule(&me, "interval", "pulse", json!({ "minutes": 5 })).await;

    for feed in ["alarm", "interval", "once"] {
        let told = me.feed(feed, "READ", "pulse", json!({})).await.expect(200).json();
        assert_eq!(told["response"]["result"]["config"]["minutes"], 5, "{feed}");
        me.feed(feed, "PAUSE", "pulse", json!({})).await.expect(200);
        me.feed(feed, "UNPAUSE", "pulse", json!({})).await.expect(200);
        me.feed(feed, "UPDATE", "pulse", json!({ "minutes": 5 })).await.expect(200);
    }
    me.feed("once", "DELETE", "pulse", json!({})).await.expect(200);
    let gone = refusal(me.alarm("READ", "pulse", json!({})).await);
    assert_eq!(gone, nested("could not find trigger /guest/pulse in the database"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_works_through_a_binding() {
    let wask = started().await;
    let me = wask.guest();
    me.put("packages/my", &json!({ "binding": { "namespace": "whisk.system", "name": "alarms" } })).await.expect(200);
    me.create_trigger("flash").await;
    let call = json!({ "lifecycleEvent": "CREATE", "triggerName": "flash", "authKey": me.auth, "date": T0 + 3_000 });

    me.post("actions/my/once?blocking=true", &call).await.expect(200);

    assert_eq!(read(&me, "flash").await["config"]["date"], T0 + 3_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_single_tick_fires_late_only_within_the_grace() {
    for (late, fires) in [(299, 1), (301, 0)] {
        let wask = started().await;
        feed_with_rule(&wask.guest(), "once", "flash", json!({ "date": T0 + 3_000 })).await;

        let wask = wask.restart_after(Duration::from_secs(3 + late)).await;

        let me = wask.guest();
        let status = read(&me, "flash").await["status"].clone();
        if fires == 1 {
            assert_eq!(events_of(&me, "flash", 1).await, [3_000 + 1000 * late as i64]);
        } else {
            let reason = "Automatically disabled after receiving error on trigger initialization: the fire once date has expired";
            assert_eq!(status["reason"]["message"], reason);
            assert_eq!(me.activations_of("flash").await.len(), 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_created_again_survives_the_removal_after_its_old_tick() {
    let wask = TestServer::builder()
        .clock_by_hand(super::START)
        .configure(|config| config.limits.fires_per_minute = 1)
        .start()
        .await;
    let me = wask.guest();
    feed_with_rule(&me, "once", "flash", json!({ "date": T0 + 30_000, "deleteAfterFire": true })).await;
    me.post("triggers/flash", &json!({})).await.expect(202); // uses up this minute's only firing, so that the tick waits
    wask.advance(30 * SECOND);
    last_fire(&me, "flash", T0 + 30_000).await;

    me.feed("once", "CREATE", "flash", json!({ "date": T0 + 3_600_000, "deleteAfterFire": true })).await.expect(200);
    eventually("the waiting tick is fired", || async {
        wask.advance(SECOND);
        (me.activations_of("flash").await.len() == 2).then_some(())
    })
    .await;

    me.get("triggers/flash").await.expect(200);
    assert_eq!(read(&me, "flash").await["status"]["nextFire"], T0 + 3_600_000);
}

/// The files of a server that contain this text.
fn files_with(wask: &TestServer, text: &str) -> Vec<PathBuf> {
    let has = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let paths = std::fs::read_dir(wask.data_dir()).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| std::fs::read(path).is_ok_and(|bytes| has(&bytes))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_a_feed_call_is_not_stored_anywhere() {
    let wask = started().await;
    let me = wask.guest();
    me.create_trigger("every-minute").await;
    let (_, secret) = me.auth.split_once(':').unwrap();
    assert_eq!(files_with(&wask, secret), Vec::<PathBuf>::new(), "a namespace's key is kept as a digest");
    let call = json!({
        "lifecycleEvent": "CREATE", "triggerName": "/guest/every-minute", "authKey": me.auth, "cron": "7 7 7 7 *",
    });
    let request = me.request(Method::POST, "/api/v1/namespaces/whisk.system/actions/alarms/alarm").json(&call);
    let accepted = me.send(request).await.expect(202).json();
    let id = accepted["activationId"].as_str().unwrap();
    assert_eq!(me.ended(id).await["response"]["status"], "success");

    let input = me.get(&format!("activations/{id}/input")).await;
    assert!(!input.text().contains(secret), "{}", input.text());
    assert_ne!(
        files_with(&wask, "7 7 7 7 *"),
        Vec::<PathBuf>::new(),
        "what is kept of the call is in one of these files"
    );
    assert_eq!(files_with(&wask, secret), Vec::<PathBuf>::new());
}
