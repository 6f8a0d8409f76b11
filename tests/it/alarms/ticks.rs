//! When alarms fire and when they do not: time zones, pauses, restarts, throttles. feeds.md §A.8 to §A.12.

use std::time::Duration;

use serde_json::json;
use wask_tests::{Client, TestServer, eventually, guest};

use super::{MINUTE, T0, events_of, last_fire, read, started};

const SECOND: Duration = Duration::from_secs(1);

/// Creates a trigger with an alarm, and a rule, so that its firings are recorded.
async fn alarm_with_rule(client: &Client, trigger: &str, more: serde_json::Value) {
    client.create_action("greet", &guest("echo")).await;
    client.create_trigger(trigger).await;
    client.create_rule(&format!("on-{trigger}"), trigger, "greet").await;
    client.alarm("CREATE", trigger, more).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tick_is_one_firing_with_one_line_and_one_run_per_rule() {
    let wask = started().await;
    let me = wask.guest();
    me.create_action("greet", &guest("echo")).await;
    me.create_alarm("dawn", "* * * * *", json!({})).await;
    me.create_rule("one", "dawn", "greet").await;
    me.create_rule("two", "dawn", "greet").await;

    for tick in 1..=3 {
        wask.advance(MINUTE);
        let events = me.activations_of_at_least("dawn", tick).await;
        assert_eq!(events.len(), tick);
        assert_eq!(events[0]["logs"].as_array().unwrap().len(), 2);
        assert_eq!(me.activations_of_at_least("greet", 2 * tick).await.len(), 2 * tick);
    }
    assert_eq!(events_of(&me, "dawn", 3).await, [60_000, 120_000, 180_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_on_the_stop_date_still_fires_and_is_the_last() {
    let wask = started().await;
    let me = wask.guest();
    me.create_action("greet", &guest("echo")).await;
    me.create_trigger("dawn").await;
    me.create_rule("on-dawn", "dawn", "greet").await;
    me.alarm("CREATE", "dawn", json!({ "cron": "* * * * *", "stopDate": T0 + 120_000 })).await.expect(200);

    for tick in 1..=2 {
        wask.advance(MINUTE);
        me.activations_of_at_least("dawn", tick).await;
    }

    let reason = "Automatically disabled after firing last scheduled cron trigger";
    assert_eq!(read(&me, "dawn").await["status"]["reason"], json!({ "kind": "AUTO", "message": reason }));
    assert_eq!(events_of(&me, "dawn", 2).await, [60_000, 120_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_with_one_firing_left_fires_once_and_says_why_it_stops() {
    let wask = started().await;
    let me = wask.guest();
    me.create_action("greet", &guest("echo")).await;
    me.create_trigger("dawn").await;
    me.create_rule("on-dawn", "dawn", "greet").await;
    me.create_alarm("marker", "* * * * *", json!({})).await;
    me.alarm("CREATE", "dawn", json!({ "cron": "* * * * *", "maxTriggers": 1 })).await.expect(200); // A12

    wask.advance(MINUTE);
    me.activations_of_at_least("greet", 1).await;
    wask.advance(MINUTE);
    last_fire(&me, "marker", T0 + 120_000).await;

    let status = read(&me, "dawn").await["status"].clone();
    assert_eq!((&status["active"], &status["nextFire"]), (&json!(false), &json!(null)));
    let reason = json!({ "kind": "AUTO", "message": "Automatically disabled after reaching max triggers" });
    assert_eq!(status["reason"], reason);
    assert_eq!(events_of(&me, "dawn", 1).await, [60_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_alarm_skips_missed_ticks_and_fires_the_next() {
    let wask = started().await;
    let me = wask.guest();
    alarm_with_rule(&me, "dawn", json!({ "cron": "* * * * *" })).await;
    me.create_alarm("marker", "* * * * *", json!({})).await;

    for _ in 0..2 {
        me.alarm("PAUSE", "dawn", json!({})).await.expect(200); // A43; the second call changes nothing
    }
    for tick in 1..=2 {
        wask.advance(MINUTE);
        last_fire(&me, "marker", T0 + tick * 60_000).await;
    }
    let status = read(&me, "dawn").await["status"].clone();
    assert_eq!(status["reason"], json!({ "kind": "USER", "message": "Paused by user" }));
    assert_eq!((&status["lastFire"], &status["nextFire"]), (&json!(null), &json!(null)));

    me.alarm("UNPAUSE", "dawn", json!({})).await.expect(200);
    let status = read(&me, "dawn").await["status"].clone();
    assert_eq!((&status["active"], &status["nextFire"]), (&json!(true), &json!(T0 + 180_000)));
    wask.advance(MINUTE);
    assert_eq!(events_of(&me, "dawn", 1).await, [180_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_is_read_in_its_time_zone() {
    let wask = TestServer::builder().clock_by_hand("2027-01-01T14:29:00Z").start().await; // a Friday
    let me = wask.guest();
    let given = json!({ "cron": "30 9 * * mon-fri", "timezone": "America/New_York" }); // A31
    alarm_with_rule(&me, "bell", given).await;

    let mut due = Vec::new();
    for fires in 1..=3 {
        let next = read(&me, "bell").await["status"]["nextFire"].as_i64().unwrap();
        due.push(next);
        wask.advance(Duration::from_millis((next - wask.now().millis()).unsigned_abs()));
        let events = me.activations_of_at_least("bell", fires).await;
        assert_eq!(events[0]["start"], next);
        last_fire(&me, "bell", next).await;
    }
    let hours = |days: i64| 1_798_813_800_000 + days * 24 * 3_600_000; // 2027-01-01T14:30:00Z
    assert_eq!(due, [hours(0), hours(3), hours(4)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_the_clocks_skip_fires_at_the_end_of_the_gap() {
    let wask = TestServer::builder().clock_by_hand("2027-03-14T06:59:00Z").start().await;
    let me = wask.guest();
    alarm_with_rule(&me, "bell", json!({ "cron": "30 2 * * *", "timezone": "America/New_York" })).await; // A34

    wask.advance(MINUTE);

    let events = me.activations_of_at_least("bell", 1).await;
    assert_eq!(events[0]["start"], 1_805_007_600_000_i64, "2027-03-14T07:00:00Z");
    let next = read(&me, "bell").await["status"]["nextFire"].clone();
    assert_eq!(next, 1_805_092_200_000_i64, "2027-03-15T06:30:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_missed_ticks_are_skipped_and_the_next_is_on_time() {
    let wask = started().await;
    let me = wask.guest();
    alarm_with_rule(&me, "dawn", json!({ "cron": "*/10 * * * * *" })).await;
    wask.advance(10 * SECOND);
    me.activations_of_at_least("dawn", 1).await;

    let wask = wask.restart_after(35 * SECOND).await; // A44: :20, :30 and :40 are missed
    let me = wask.guest();
    assert_eq!(read(&me, "dawn").await["status"]["nextFire"], T0 + 50_000);
    wask.advance(5 * SECOND);

    assert_eq!(events_of(&me, "dawn", 2).await, [10_000, 50_000]);
    assert_eq!(read(&me, "dawn").await["status"]["lastFire"], T0 + 50_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn max_triggers_counts_on_after_a_restart() {
    let wask = started().await;
    let me = wask.guest();
    alarm_with_rule(&me, "dawn", json!({ "cron": "* * * * *", "maxTriggers": 2 })).await;
    wask.advance(MINUTE);
    me.activations_of_at_least("dawn", 1).await;

    let wask = wask.restart().await;
    let me = wask.guest();
    wask.advance(MINUTE);
    me.activations_of_at_least("dawn", 2).await;

    assert_eq!(read(&me, "dawn").await["status"]["active"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_ahead_causes_one_tick_and_no_burst() {
    let wask = started().await;
    let me = wask.guest();
    alarm_with_rule(&me, "dawn", json!({ "cron": "* * * * *" })).await;

    wask.advance(60 * MINUTE);
    me.activations_of_at_least("dawn", 1).await;
    wask.advance(MINUTE);

    assert_eq!(events_of(&me, "dawn", 2).await, [3_600_000, 3_660_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_tick_is_retried_until_it_fires() {
    let wask = TestServer::builder()
        .clock_by_hand("2030-01-01T05:59:00Z")
        .configure(|config| config.limits.fires_per_minute = 1)
        .start()
        .await;
    let me = wask.guest();
    alarm_with_rule(&me, "dawn", json!({ "cron": "30 * * * * *", "maxTriggers": 1 })).await;
    me.post("triggers/dawn", &json!({ "by": "hand" })).await.expect(202); // uses up this minute's only firing

    wask.advance(30 * SECOND);
    let fired = eventually("the tick is fired", || async {
        wask.advance(SECOND);
        let all = me.activations_of("dawn").await;
        (all.len() == 2).then(|| all[0]["start"].as_i64().unwrap() - T0)
    })
    .await;

    assert!((60_000..200_000).contains(&fired), "{fired} ms: not before the next minute");
    let reason = read(&me, "dawn").await["status"]["reason"]["message"].clone();
    assert_eq!(reason, "Automatically disabled after reaching max triggers");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_goes_on_if_its_trigger_has_no_rules() {
    let wask = started().await;
    let me = wask.guest();
    me.create_alarm("dawn", "* * * * *", json!({})).await;

    for tick in 1..=3 {
        wask.advance(MINUTE);
        last_fire(&me, "dawn", T0 + tick * 60_000).await;
    }

    assert_eq!(read(&me, "dawn").await["status"]["active"], true);
    assert_eq!(me.activations_of("dawn").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_the_feed_during_a_tick_does_not_repeat_the_tick() {
    const TICKS: usize = 60;
    let wask = started().await;
    let me = wask.guest();
    let given = json!({ "cron": "* * * * * *", "maxTriggers": 10 * TICKS });
    alarm_with_rule(&me, "dawn", given).await;

    for n in 0..TICKS {
        let calls: Vec<_> = (0..4)
            .map(|call| {
                let me = me.clone();
                let event = ["UPDATE", "PAUSE", "UNPAUSE", "UPDATE"][call];
                tokio::spawn(async move { me.alarm(event, "dawn", json!({ "trigger_payload": { "n": n } })).await })
            })
            .collect();
        wask.advance(SECOND);
        for call in calls {
            call.await.unwrap().expect(200);
        }
    }

    // How many ticks fired depends on the timing of the calls, but in any case the alarm goes on.
    me.alarm("UNPAUSE", "dawn", json!({})).await.expect(200);
    let next = read(&me, "dawn").await["status"]["nextFire"].as_i64().expect("a time");
    wask.advance(Duration::from_millis((next - wask.now().millis()).unsigned_abs()));
    last_fire(&me, "dawn", next).await;
    let starts = events_of(&me, "dawn", 1).await;
    let mut once = starts.clone();
    once.dedup();
    assert_eq!(starts, once, "a tick fired twice");
}
