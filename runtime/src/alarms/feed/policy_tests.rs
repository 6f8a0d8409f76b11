//! The policies for ticks that come too late or too early.

use proptest::prelude::*;
use serde_json::{Value, json};
use wask_model::{ActivationId, Alarm, Overlap, PastTick, TickEnd, Timestamp};

use super::tests::{T0, at, created, outcome_of, reason, refused, restarted, updated};
use super::ticks::Ticks;
use super::{
    AlarmSettings, ClaimedTick, FireOutcome, FireWhen, PreviousTick, TickClaim, TickOutcome, advance, after_fire,
    pause, read, rearm_on_start, upcoming,
};

/// The activation of every firing here.
fn event() -> ActivationId {
    ActivationId::from_bytes([7; 16])
}

/// An activation that a firing starts.
fn run() -> ActivationId {
    ActivationId::from_bytes([8; 16])
}

/// Due every ten seconds, the first time at 10 s.
fn every_ten(parameters: Value) -> Alarm {
    let mut all = parameters;
    all["cron"] = json!("*/10 * * * * *");
    created(all)
}

fn claimed(alarm: &Alarm, before: PreviousTick, now: Timestamp) -> ClaimedTick {
    let claim = TickClaim { due: alarm.next_fire.unwrap(), event: event(), before, room: true };
    advance(alarm, &claim, &AlarmSettings::default(), now)
}

/// Seconds after T0.
fn seconds(time: Timestamp) -> i64 {
    time.since(T0).as_secs() as i64
}

fn entries(past: &[PastTick]) -> Vec<(i64, TickEnd)> {
    past.iter().map(|tick| (seconds(tick.due), tick.end)).collect()
}

fn missed(dues: impl IntoIterator<Item = i64>) -> Vec<(i64, TickEnd)> {
    dues.into_iter().map(|due| (due, TickEnd::Missed)).collect()
}

/// The ticks that fire and those that are missed when every due tick is claimed at `now`.
fn caught_up(alarm: &Alarm, now: Timestamp) -> (Vec<i64>, Vec<(i64, TickEnd)>) {
    let (mut alarm, mut fired, mut past) = (alarm.clone(), vec![], vec![]);
    while alarm.next_fire.is_some_and(|due| due <= now) {
        let due = alarm.next_fire.unwrap();
        let claimed = claimed(&alarm, PreviousTick::Ended, now);
        if claimed.fires == FireWhen::Now {
            fired.push(seconds(due));
        }
        past.extend(claimed.past);
        alarm = claimed.alarm;
    }
    (fired, entries(&past))
}

#[test]
fn a_policy_is_one_of_its_words_and_reads_back_as_given() {
    let alarm = every_ten(json!({"catchUp":"all","overlap":"queue-one"}));
    let config = read(&alarm)["config"].clone();
    assert_eq!((&config["catchUp"], &config["overlap"]), (&json!("all"), &json!("queue-one")));
    for (parameters, message) in [
        (json!({"catchUp":"some"}), "catchUp parameter must be one of [none, last, all]."),
        (json!({"catchUp":true,"overlap":"x"}), "catchUp parameter must be one of [none, last, all]."),
        (json!({"overlap":"Skip"}), "overlap parameter must be one of [allow, skip, queue-one]."),
    ] {
        let mut all = parameters.clone();
        all["cron"] = json!("* * * * *");
        assert_eq!(refused(all), message);
        assert_eq!(updated(&alarm, parameters).unwrap_err(), message);
    }
    let changed = updated(&alarm, json!({"overlap":"skip"})).unwrap();
    assert_eq!((changed.overlap, changed.catch_up), (Some(Overlap::Skip), alarm.catch_up));
    let once = json!({"fireOnce":true,"date":"2028","catchUp":"x","overlap":"y"});
    assert_eq!(created(once).overlap, None, "a single fire has neither");
}

#[test]
fn ticks_missed_while_down_are_recorded_and_caught_up_by_policy() {
    // due at 10, 20, … 150 s
    let restart = |policy: &str| {
        let alarm = every_ten(json!({"catchUp":policy}));
        let (again, past) = rearm_on_start(&alarm, &AlarmSettings::default(), at(155_000));
        let (fired, more) = caught_up(&again, at(155_000));
        (fired, entries(&past).into_iter().chain(more).collect::<Vec<_>>())
    };
    assert_eq!(restart("none"), (vec![], missed((10..=150).step_by(10))));
    assert_eq!(restart("last"), (vec![150], missed((10..=140).step_by(10))));
    assert_eq!(restart("all"), ((60..=150).step_by(10).collect(), missed((10..=50).step_by(10))), "ten at most");
}

#[test]
fn ticks_missed_by_a_late_ticker_are_caught_up_by_policy() {
    let late = |policy: &str| caught_up(&every_ten(json!({"catchUp":policy})), at(45_000));
    assert_eq!(late("none"), (vec![10], missed([20, 30, 40])));
    assert_eq!(late("last"), (vec![40], missed([10, 20, 30])));
    assert_eq!(late("all"), (vec![10, 20, 30, 40], vec![]));
    let on_time = |policy: &str| caught_up(&every_ten(json!({"catchUp":policy})), at(10_000));
    assert_eq!(on_time("last"), (vec![10], vec![]));
}

#[test]
fn a_long_gap_is_recorded_completely_in_a_few_entries() {
    let alarm = every_ten(json!({}));
    let (_, past) = rearm_on_start(&alarm, &AlarmSettings::default(), at(1_000_000_005));
    assert_eq!(past.len(), 20);
    assert_eq!(entries(&past), missed((10..=200).step_by(10)));
    assert_eq!(past[19].through, Some(at(1_000_000_000)));
    assert!(past[..19].iter().all(|tick| tick.through.is_none()));
    assert_eq!(past[0].reason.as_deref(), Some("no server was running when it was due"));
}

#[test]
fn no_tick_is_caught_up_after_the_stop_date() {
    let alarm = every_ten(json!({"catchUp":"all","stopDate":"2027-06-15T12:01:00Z"})); // 30 s after T0
    let (off, past) = rearm_on_start(&alarm, &AlarmSettings::default(), at(31_000));
    assert!(reason(&off).ends_with("the stop date has expired"));
    assert_eq!(entries(&past), missed([10, 20, 30]));
}

#[test]
fn catching_up_stops_when_no_firings_are_left() {
    let alarm = restarted(&every_ten(json!({"catchUp":"all","maxTriggers":3})), at(45_000));
    assert_eq!(caught_up(&alarm, at(45_000)).0, [10, 20, 30]);
}

#[test]
fn an_overlapping_tick_follows_the_policy_of_its_alarm() {
    let outcome = |policy: Value, before| {
        let claimed = claimed(&every_ten(policy), before, at(10_000));
        (claimed.fires, claimed.past.first().and_then(|tick| tick.reason.clone()))
    };
    let (skip, queue) = (json!({"overlap":"skip"}), json!({"overlap":"queue-one"}));
    let going = Some("what the previous tick had started was still queued or running".to_owned());
    let waits = Some("another tick was already waiting".to_owned());
    assert_eq!(outcome(json!({}), PreviousTick::Ended), (FireWhen::Now, None));
    assert_eq!(outcome(skip.clone(), PreviousTick::Ended), (FireWhen::Now, None));
    assert_eq!(outcome(skip, PreviousTick::Running), (FireWhen::Not, going));
    assert_eq!(outcome(queue.clone(), PreviousTick::Ended), (FireWhen::Now, None));
    assert_eq!(outcome(queue.clone(), PreviousTick::Running), (FireWhen::Later, None));
    assert_eq!(outcome(queue, PreviousTick::OneWaits), (FireWhen::Not, waits));
}

#[test]
fn a_skipped_tick_costs_no_firing_and_the_next_one_is_due() {
    let alarm = every_ten(json!({"overlap":"skip","maxTriggers":1}));
    let skipped = claimed(&alarm, PreviousTick::Running, at(10_000));
    assert_eq!((skipped.alarm.fires_left, skipped.alarm.last_fire), (Some(1), None));
    assert_eq!(skipped.alarm.next_fire, Some(at(20_000)));
    assert_eq!(entries(&skipped.past), [(10, TickEnd::Skipped)]);
}

#[test]
fn an_alarm_without_overlap_remembers_what_its_last_tick_started() {
    let settings = AlarmSettings::default();
    let tick = TickOutcome { started: vec![run()], ..outcome_of(at(10_000), FireOutcome::Fired) };
    let fired = claimed(&every_ten(json!({"overlap":"skip"})), PreviousTick::Ended, at(10_000)).alarm;
    assert_eq!(fired.going, [event()]);
    assert_eq!(after_fire(&fired, &tick, &settings, at(10_000)).going, [event(), run()]);

    let careless = claimed(&every_ten(json!({})), PreviousTick::Ended, at(10_000)).alarm;
    assert_eq!(after_fire(&careless, &tick, &settings, at(10_000)), careless, "nothing to write");
}

#[test]
fn a_pause_drops_a_waiting_tick_and_gives_its_firing_back() {
    let settings = AlarmSettings::default();
    let alarm = every_ten(json!({"overlap":"queue-one","maxTriggers":5}));
    let waits = claimed(&alarm, PreviousTick::Running, at(10_000)).alarm;
    assert_eq!((waits.waiting, waits.fires_left), (Some(event()), Some(4)));
    let fired = after_fire(&waits, &outcome_of(at(10_000), FireOutcome::Fired), &settings, at(11_000));
    assert_eq!((fired.waiting, fired.fires_left), (None, Some(4)));

    let paused = pause(&waits, at(11_000));
    assert_eq!(paused.waiting, None);
    let given_up = after_fire(&paused, &outcome_of(at(10_000), FireOutcome::GivenUp), &settings, at(12_000));
    assert_eq!((given_up.fires_left, &given_up.status), (Some(5), &paused.status));
}

#[test]
fn upcoming_ticks_are_those_that_will_fire() {
    let settings = AlarmSettings::default();
    let next = |alarm: &Alarm| upcoming(alarm, &settings, 5).into_iter().map(seconds).collect::<Vec<_>>();
    assert_eq!(next(&every_ten(json!({}))), [10, 20, 30, 40, 50]);
    assert_eq!(next(&every_ten(json!({"maxTriggers":2}))), [10, 20]);
    assert_eq!(next(&every_ten(json!({"stopDate":"2027-06-15T12:01:00Z"}))), [10, 20, 30]);
    assert_eq!(next(&pause(&every_ten(json!({})), at(1))), [0; 0]);
    assert_eq!(next(&created(json!({"fireOnce":true,"date":T0.millis() + 3000}))), [3]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The search finds the same ticks as a walk over all of them.
    #[test]
    fn the_last_ticks_before_a_time_are_found_without_walking_there(
        parameters in prop_oneof![
            Just(json!({"cron":"*/7 * * * * *"})),
            Just(json!({"cron":"0 9 * * 1-5","timezone":"America/New_York"})),
            Just(json!({"cron":"*/5 1 8 * *"})),
            (1u64..3000).prop_map(|minutes| json!({"isInterval":true,"minutes":minutes})),
        ],
        share in 0i64..1000,
        count in 1u32..5,
    ) {
        let settings = AlarmSettings::default();
        let ticks = Ticks::new(&created(parameters), &settings).unwrap();
        let first = ticks.after(T0).unwrap();
        let far = ticks.from(first, Timestamp::from_millis(i64::MAX)).nth(50).unwrap();
        let until = Timestamp::from_millis(first.millis() + (far.millis() - first.millis()) / 1000 * share);
        let walked: Vec<Timestamp> = ticks.from(first, until).collect();
        prop_assert_eq!(ticks.last_until(first, until), *walked.last().unwrap());
        let earliest = walked[walked.len().saturating_sub(count as usize)];
        prop_assert_eq!(ticks.earliest_of_last(count, first, until), earliest);
    }
}
