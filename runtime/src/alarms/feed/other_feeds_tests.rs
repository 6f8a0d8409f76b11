//! The feeds `interval` and `once`: their parameters, their ticks and their ends (A13 to A25, A36, A37).

use serde_json::{Value, json};
use wask_model::{Alarm, DeleteAfterFire};

use super::tests::{at, created, moved, ms, outcome_of, reason, refused, restarted, updated, updated_at};
use super::{AlarmSettings, FireOutcome, after_fire, pause, read, to_remove, unpause};

/// The parameters, with those that the platform binds to a feed.
fn of(feed: &str, parameters: Value) -> Value {
    let mut all = parameters;
    match feed {
        "interval" => all["isInterval"] = json!(true),
        _ => all["fireOnce"] = json!(true),
    }
    all
}

fn interval(parameters: Value) -> Alarm {
    created(of("interval", parameters))
}

fn once(parameters: Value) -> Alarm {
    created(of("once", parameters))
}

fn fired(alarm: &Alarm) -> Alarm {
    let due = alarm.next_fire.unwrap();
    moved(alarm, due, due)
}

fn answered(alarm: &Alarm, outcome: FireOutcome) -> Alarm {
    let due = alarm.last_fire.unwrap();
    after_fire(alarm, &outcome_of(due, outcome), &AlarmSettings::default(), due)
}

#[test]
fn an_interval_or_single_tick_is_refused_by_the_first_broken_rule() {
    let (past, soon) = (ms(-5000), ms(30_000));
    #[rustfmt::skip]
    let table = [
        ("interval", json!({}), "interval trigger feed is missing the minutes parameter".to_owned()), // A13
        ("interval", json!({"minutes":0,"startDate":"x"}), "interval trigger feed is missing the minutes parameter".into()),
        ("interval", json!({"minutes":"five","startDate":"x"}), "the minutes parameter must be an integer".into()), // A14
        ("interval", json!({"minutes":-3,"startDate":"x"}), "the minutes parameter must be an integer greater than zero".into()), // A15
        ("interval", json!({"minutes":2,"startDate":"x","maxTriggers":1,"stopDate":"y"}), "startDate parameter 'x' is not a valid Date".into()),
        ("interval", json!({"minutes":2,"startDate":past}), format!("startDate parameter '{past}' must be in the future")),
        ("interval", json!({"minutes":2,"maxTriggers":1,"stopDate":"y"}), "maxTriggers is not supported for the interval trigger feed".into()),
        ("interval", json!({"minutes":2,"stopDate":"y"}), "stopDate parameter 'y' is not a valid Date".into()),
        ("interval", json!({"minutes":2,"stopDate":past}), format!("stopDate parameter '{past}' must be in the future")),
        ("interval", json!({"minutes":2,"stopDate":ms(10_000)}), // A17
            format!("stopDate parameter '{}' must be greater than the startDate parameter '{soon}'", ms(10_000))),
        ("interval", json!({"minutes":2,"startDate":ms(60_000),"stopDate":ms(60_000)}),
            format!("stopDate parameter '{0}' must be greater than the startDate parameter '{0}'", ms(60_000))),
        ("once", json!({}), "alarms once trigger feed is missing the date parameter".into()), // A19
        ("once", json!({"date":0}), "alarms once trigger feed is missing the date parameter".into()),
        ("once", json!({"date":"tomorrow","deleteAfterFire":"maybe"}), "date parameter 'tomorrow' is not a valid Date".into()), // A20
        ("once", json!({"date":past}), format!("date parameter '{past}' must be in the future")), // A21
        ("once", json!({"date":soon,"deleteAfterFire":"maybe"}), "deleteAfterFire parameter must be one of [false, true, rules].".into()), // A22
        ("once", json!({"date":soon,"deleteAfterFire":1}), "deleteAfterFire parameter must be one of [false, true, rules].".into()),
    ];
    for (feed, parameters, message) in table {
        assert_eq!(refused(of(feed, parameters.clone())), message, "{feed} {parameters}");
    }
}

#[test]
fn an_interval_begins_on_its_start_date_and_counts_from_there() {
    let alarm = interval(json!({"minutes":"5"})); // A16
    assert_eq!(alarm.next_fire, Some(at(30_000)));
    assert_eq!(
        read(&alarm)["config"],
        json!({"name":"periodic","namespace":"guest","payload":{},"strict":false,"minutes":5,"startDate":ms(30_000)})
    );
    let later = interval(json!({"minutes":7,"startDate":"2027-07-01","cron":"bogus","timezone":"Nowhere/Land"}));
    assert_eq!(later.next_fire.unwrap().to_string(), "2027-07-01T00:00:00.000Z");

    let second = fired(&alarm);
    assert_eq!(second.next_fire, Some(at(330_000)));
    let late = moved(&alarm, at(30_000), at(1_000_000));
    assert_eq!(late.next_fire, Some(at(1_230_000)), "on the same grid");
}

#[test]
fn an_interval_ends_with_the_last_tick_before_its_stop_date() {
    // A18
    let alarm = interval(json!({"minutes":1,"startDate":ms(5000),"stopDate":ms(80_000)}));
    let first = fired(&alarm);
    assert_eq!((alarm.next_fire, first.next_fire), (Some(at(5000)), Some(at(65_000))));
    assert_eq!(reason(&fired(&first)), "Automatically disabled after firing last scheduled interval trigger");
}

#[test]
fn max_triggers_does_not_limit_an_interval_or_a_single_tick() {
    assert_eq!(interval(json!({"minutes":1,"maxTriggers":1})).fires_left, None);
    let with_all = json!({"date":ms(3000),"maxTriggers":1,"stopDate":"x","startDate":"y","cron":"z","minutes":"w"});
    assert_eq!(once(with_all).fires_left, None);
}

#[test]
fn an_updated_interval_still_counts_from_its_start_date() {
    let alarm = fired(&interval(json!({"minutes":5,"stopDate":"2027-08-01"})));
    assert_eq!(updated(&alarm, json!({"minutes":2})).unwrap().next_fire, Some(at(30_000)));
    let changed = updated_at(at(500_000), &alarm, json!({"minutes":2})).unwrap();
    assert_eq!(changed.next_fire, Some(at(510_000)), "30 s after T0 and four times two minutes");
    assert_eq!(
        updated(&alarm, json!({"startDate":"2027-08-01"})).unwrap_err(), // A37
        "startDate parameter '2027-08-01' must be less than the stopDate parameter '2027-08-01'"
    );
    assert_eq!(
        updated(&alarm, json!({"stopDate":ms(20_000)})).unwrap_err(),
        format!("stopDate parameter '{}' must be greater than the startDate parameter '{}'", ms(20_000), ms(30_000))
    );
    assert_eq!(updated(&alarm, json!({"minutes":"x"})).unwrap_err(), "the minutes parameter must be an integer");
    let ended = updated_at(at(40_000), &alarm, json!({"stopDate":ms(60_000)})).unwrap();
    let why = "the next scheduled trigger fire is after the stop date";
    assert_eq!(reason(&ended), format!("Automatically disabled after receiving error on trigger creation: {why}"));
}

#[test]
fn a_single_tick_disables_its_alarm_and_says_so() {
    let alarm = once(json!({"date":"2027-06-15T12:00:33Z","deleteAfterFire":false}));
    let config = read(&alarm)["config"].clone();
    assert_eq!((&config["date"], config.get("deleteAfterFire")), (&json!("2027-06-15T12:00:33Z"), None));
    let over = fired(&alarm);
    assert_eq!(reason(&over), "Automatically disabled after firing once"); // A24
    assert_eq!(over.last_fire, Some(at(3000)));
    for outcome in [FireOutcome::Fired, FireOutcome::Dropped] {
        assert_eq!(reason(&answered(&over, outcome)), "Automatically disabled after firing once");
    }
    assert!(reason(&answered(&over, FireOutcome::Refused(404))).contains("Received a 404 status code"));
}

#[test]
fn a_single_tick_removes_what_delete_after_fire_names() {
    for (given, stored, removed) in [
        (json!(true), json!("true"), Some(DeleteAfterFire::True)),
        (json!("TRUE"), json!("true"), Some(DeleteAfterFire::True)),
        (json!(" RULES "), json!("rules"), Some(DeleteAfterFire::Rules)), // A23
        (json!("False"), json!("false"), None),
    ] {
        let alarm = once(json!({"date":ms(3000),"deleteAfterFire":given}));
        assert_eq!(read(&alarm)["config"]["deleteAfterFire"], stored);
        assert_eq!(to_remove(&alarm, FireOutcome::Fired), None, "switched on again since");
        for outcome in [FireOutcome::Fired, FireOutcome::Throttled, FireOutcome::Dropped] {
            assert_eq!(to_remove(&answered(&fired(&alarm), outcome), outcome), removed, "{given}");
        }
        assert_eq!(to_remove(&fired(&alarm), FireOutcome::Refused(404)), None);
    }
}

#[test]
fn an_update_of_a_single_tick_accepts_only_its_own_parameters() {
    let alarm = once(json!({"date":ms(3000)}));
    for nothing in [json!({"startDate":"2028","stopDate":"2029"}), json!({"cron":"bogus","minutes":"x","strict":true})]
    {
        assert_eq!(updated(&alarm, nothing).unwrap_err(), "no updatable parameters were specified"); // A36
    }
    assert_eq!(
        updated(&alarm, json!({"date":"2028"})).unwrap().next_fire.unwrap().to_string(),
        "2028-01-01T00:00:00.000Z"
    );
    assert_eq!(updated(&alarm, json!({"date":"x"})).unwrap_err(), "date parameter 'x' is not a valid Date");
    let over = updated_at(at(9000), &fired(&alarm), json!({"deleteAfterFire":"rules"})).unwrap();
    let why = "the fire once date has expired";
    assert_eq!(reason(&over), format!("Automatically disabled after receiving error on trigger creation: {why}"));
    let resumed = unpause(&pause(&alarm, at(1)), &AlarmSettings::default(), at(9000)).unwrap();
    assert_eq!(reason(&resumed), reason(&over));
}

#[test]
fn a_missed_single_tick_fires_late_within_the_grace() {
    let alarm = once(json!({"date":ms(3000)}));
    for now in [at(0), at(3000), at(303_000)] {
        assert_eq!(restarted(&alarm, now), alarm, "{now}");
    }
    let expired =
        "Automatically disabled after receiving error on trigger initialization: the fire once date has expired";
    assert_eq!(reason(&restarted(&alarm, at(303_001))), expired);
}

#[test]
fn an_interval_beyond_the_end_of_time_ends_after_its_first_tick() {
    let alarm = interval(json!({"minutes":9_007_199_254_740_991i64}));
    assert_eq!(alarm.next_fire, Some(at(30_000)));
    assert_eq!(reason(&fired(&alarm)), "Automatically disabled after firing last scheduled interval trigger");
}
