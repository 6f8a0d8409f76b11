//! Ticks that are claimed, skipped and counted, and their outcomes (A12, A42, A44).

use serde_json::json;
use wask_model::{Alarm, Timestamp};

use super::dates::iso_date;
use super::tests::{T0, at, created, moved, outcome_of, reason, restarted};
use super::{AlarmSettings, FireOutcome, after_fire, disabled_by_lookup, pause, read, rearm_on_start, unpause, update};

/// Claims the next tick on time.
fn fire(alarm: &Alarm) -> (Alarm, Timestamp) {
    let due = alarm.next_fire.unwrap();
    (moved(alarm, due, due), due)
}

fn answered(alarm: &Alarm, due: Timestamp, outcome: FireOutcome) -> Alarm {
    let later = Timestamp::from_millis(due.millis() + 500);
    after_fire(alarm, &outcome_of(due, outcome), &AlarmSettings::default(), later)
}

#[test]
fn a_fired_alarm_moves_on_to_its_next_tick() {
    let (fired, due) = fire(&created(json!({"cron":"* * * * *"})));
    assert_eq!((fired.last_fire, fired.next_fire), (Some(at(30_000)), Some(at(90_000))));
    assert_eq!(answered(&fired, due, FireOutcome::Fired), fired);
    assert_eq!(fired.status.date_changed, T0);
}

#[test]
fn missed_ticks_are_skipped() {
    // A44
    let alarm = created(json!({"cron":"*/10 * * * * *"}));
    let late = moved(&alarm, at(10_000), at(45_000));
    assert_eq!((late.last_fire, late.next_fire), (Some(at(10_000)), Some(at(50_000))));
    let early = moved(&alarm, at(10_000), at(9_000)); // clocks of nodes differ
    assert_eq!(early.next_fire, Some(at(20_000)));

    let again = restarted(&alarm, at(45_000));
    assert_eq!((again.last_fire, again.next_fire), (None, Some(at(50_000))));
    assert_eq!(again.status, alarm.status);
}

#[test]
fn the_last_tick_before_the_stop_date_disables_the_alarm() {
    let (fired, _) = fire(&created(json!({"cron":"* * * * *","stopDate":"2027-06-15T12:02:00Z"})));
    let (last, due) = fire(&fired);
    assert_eq!(due, iso_date("2027-06-15T12:02:00Z").unwrap());
    assert_eq!(reason(&last), "Automatically disabled after firing last scheduled cron trigger");

    let (only, _) = fire(&created(json!({"cron":"* * * * *","stopDate":"2027-06-15T12:01:30Z"})));
    assert_eq!(reason(&only), "Automatically disabled after firing last scheduled cron trigger");
}

#[test]
fn an_alarm_disables_itself_after_its_last_allowed_firing() {
    // A12
    let (once, due) = fire(&created(json!({"cron":"* * * * *","maxTriggers":1})));
    assert_eq!(reason(&once), "Automatically disabled after reaching max triggers");
    assert_eq!(read(&once)["status"]["reason"]["kind"], "AUTO");
    assert_eq!(answered(&once, due, FireOutcome::Fired), once);

    let (first, _) = fire(&created(json!({"cron":"* * * * *","maxTriggers":2})));
    assert_eq!((first.status.active, first.fires_left), (true, Some(1)));
    assert_eq!(fire(&first).0.fires_left, Some(0));
}

#[test]
fn a_failed_tick_gives_its_firing_back_even_the_last() {
    let (first, due) = fire(&created(json!({"cron":"* * * * *","maxTriggers":2})));
    assert_eq!(answered(&first, due, FireOutcome::Dropped).fires_left, Some(2));

    let (last, due) = fire(&first);
    let again = answered(&last, due, FireOutcome::Dropped);
    assert_eq!((again.status.active, again.fires_left, again.next_fire), (true, Some(1), Some(at(150_000))));

    let (unlimited, due) = fire(&created(json!({"cron":"* * * * *"})));
    assert_eq!(answered(&unlimited, due, FireOutcome::Dropped), unlimited);
}

#[test]
fn an_update_restores_used_up_firings_and_a_resume_does_not() {
    let settings = AlarmSettings::default();
    let (used_up, due) = fire(&created(json!({"cron":"* * * * *","maxTriggers":1})));
    let args = json!({"strict":true}).as_object().unwrap().clone();
    assert_eq!(update(&used_up, &args, &settings, due).unwrap().fires_left, Some(1));
    let resumed = unpause(&pause(&used_up, due), &settings, due).unwrap();
    assert_eq!(reason(&resumed), "Automatically disabled after reaching max triggers");
}

#[test]
fn a_refused_firing_disables_the_alarm_at_once() {
    // A42
    let (fired, due) = fire(&created(json!({"cron":"* * * * *"})));
    let gone = answered(&fired, due, FireOutcome::Refused(404));
    assert_eq!(
        read(&gone)["status"]["reason"],
        json!({"kind":"AUTO","statusCode":404,
            "message":"Trigger automatically disabled: Received a 404 status code when firing the trigger"})
    );
    let throttled = answered(&fired, due, FireOutcome::Throttled);
    assert_eq!(throttled.status.reason.as_ref().unwrap().status_code, Some(429));
    assert_eq!(
        reason(&throttled),
        "Automatically disabled after continuously receiving a 429 status code when firing the trigger"
    );
}

#[test]
fn a_late_outcome_does_not_disable_an_alarm_enabled_since() {
    let (fired, due) = fire(&created(json!({"cron":"* * * * *"})));
    let args = json!({"cron":"0 * * * *"}).as_object().unwrap().clone();
    let changed = update(&fired, &args, &AlarmSettings::default(), at(40_000)).unwrap();
    assert_eq!(answered(&changed, due, FireOutcome::Refused(404)), changed);

    let paused = pause(&fired, at(40_000));
    assert_eq!(answered(&paused, due, FireOutcome::Refused(404)).status, paused.status);
}

#[test]
fn a_refused_last_firing_is_the_reason_that_the_owner_reads() {
    let (last, due) = fire(&created(json!({"cron":"* * * * *","maxTriggers":1})));
    assert!(reason(&answered(&last, due, FireOutcome::Refused(404))).contains("Received a 404 status code"));
}

#[test]
fn an_alarm_without_a_next_tick_is_disabled_when_the_node_starts() {
    let alarm = created(json!({"cron":"0 0 1 7 *","stopDate":"2027-08-01"}));
    for (now, why) in [
        ("2027-07-15", "the next scheduled trigger fire is after the stop date"),
        ("2027-08-01", "the stop date has expired"),
    ] {
        let again = restarted(&alarm, iso_date(now).unwrap());
        assert_eq!(
            reason(&again),
            format!("Automatically disabled after receiving error on trigger initialization: {why}")
        );
        assert_eq!(restarted(&again, at(1000)), again);
    }
    let lost = disabled_by_lookup(&alarm, 404, at(1000));
    assert_eq!(reason(&lost), "Automatically disabled after receiving a 404 status code on trigger initialization");
}

#[test]
fn a_pattern_that_the_new_dialect_cannot_read_disables_the_alarm() {
    let settings: AlarmSettings = serde_json::from_value(json!({"cron_dialect":"node-cron"})).unwrap();
    let (again, _) = rearm_on_start(&created(json!({"cron":"0 0 * 12 *"})), &settings, at(1000));
    assert_eq!(
        reason(&again),
        "Automatically disabled after receiving error on trigger initialization: cron pattern '0 0 * 12 *' is not valid"
    );
}
