//! The daylight-saving rule compared with its definition, minute by minute around changes of many kinds.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use wask_model::Timestamp;

use super::{Dialect, Pattern, Schedule, zone_named};

/// Changes forward and back: by an hour, by half an hour, at midnight, by a whole day, and of standard time.
const CHANGES: [(&str, &str); 13] = [
    ("America/New_York", "2027-03-14T07:00:00Z"),
    ("America/New_York", "2027-11-07T06:00:00Z"),
    ("Europe/London", "2027-03-28T01:00:00Z"),
    ("Europe/Berlin", "2027-10-31T01:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Australia/Lord_Howe", "2027-04-03T15:00:00Z"),
    ("Africa/Cairo", "2027-04-29T22:00:00Z"),
    ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
    ("America/Havana", "2027-11-07T05:00:00Z"),
    ("Asia/Pyongyang", "2018-05-04T15:00:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("America/Caracas", "2007-12-09T07:00:00Z"),
    ("Africa/Casablanca", "2027-02-07T02:00:00Z"),
];

const PATTERNS: [&str; 16] = [
    "* * * * *",
    "*/20 * * * *",
    "15 * * * *",
    "45 0-23 * * *",
    "30 2 * * *",
    "0 0 * * *",
    "15 0 * * *",
    "*/10 1 * * *",
    "*/10 2 * * *",
    "*/15 0-3 * * *",
    "59 0,1,2 * * *",
    "0 */2 * * *",
    "0,30 1-22 * * *",
    "10 2 * * sun",
    "0 9 30 12 *",
    "7 23 * * *",
];

/// The contract's rule in its plainest form: look at every minute around a change.
struct Definition {
    /// Each instant, and the time on wall clocks.
    clock: Vec<(DateTime<Utc>, NaiveDateTime)>,
    pattern: Pattern,
}

impl Definition {
    fn new(zone: Tz, around: DateTime<Utc>, pattern: Pattern) -> Self {
        let clock = (-36 * 60..36 * 60)
            .map(|minute| around + TimeDelta::minutes(minute))
            .map(|instant| (instant, instant.with_timezone(&zone).naive_local()));
        Definition { clock: clock.collect(), pattern }
    }

    fn matches(&self, wall: NaiveDateTime) -> bool {
        self.pattern.next_after(wall - TimeDelta::seconds(1)) == Some(wall)
    }

    /// Every instant at which the wall clock matches.
    fn by_real_time(&self) -> BTreeSet<DateTime<Utc>> {
        self.clock.iter().filter(|(_, wall)| self.matches(*wall)).map(|&(instant, _)| instant).collect()
    }

    /// For every matching wall-clock time, the first instant at which wall clocks show it or a later time.
    fn by_wall_clock(&self) -> BTreeSet<DateTime<Utc>> {
        let mut ticks = BTreeSet::new();
        let mut shown = self.clock[0].1;
        for &(instant, wall) in &self.clock[1..] {
            let mut passed = shown + TimeDelta::minutes(1);
            while passed <= wall {
                if self.matches(passed) {
                    ticks.insert(instant);
                }
                passed += TimeDelta::minutes(1);
            }
            shown = shown.max(wall);
        }
        ticks
    }
}

#[test]
fn ticks_around_every_change_of_clocks_are_as_defined() {
    for (name, around) in CHANGES {
        let (zone, around) = (zone_named(name).unwrap(), around.parse::<DateTime<Utc>>().unwrap());
        let second = TimeDelta::seconds(1);
        let offset = |t: DateTime<Utc>| t.with_timezone(&zone).naive_local() - t.naive_utc();
        assert_ne!(offset(around - second), offset(around), "clocks change in {name} at {around}");

        for text in PATTERNS {
            let pattern = Pattern::parse(text, Dialect::Crontab).unwrap();
            let definition = Definition::new(zone, around, pattern.clone());
            let expected = if pattern.is_every_hour() { definition.by_real_time() } else { definition.by_wall_clock() };
            let schedule = Schedule::new(pattern, zone);
            let last = around + TimeDelta::hours(34);
            for minute in (-34 * 60..-150).step_by(31).chain(-150..150).chain((150..34 * 60).step_by(31)) {
                let from = around + TimeDelta::minutes(minute);
                let next = expected.range(from + second..).next().filter(|tick| **tick < last);
                let given = schedule.next_after(from.into()).filter(|tick| *tick < Timestamp::from(last));
                assert_eq!(given, next.map(|&tick| tick.into()), "{text} in {name} from {from}");
            }
        }
    }
}

#[test]
fn seconds_follow_the_same_rule() {
    let new_york = zone_named("America/New_York").unwrap();
    let next = |pattern: &str, from: &str| {
        let schedule = Schedule::new(Pattern::parse(pattern, Dialect::Crontab).unwrap(), new_york);
        schedule.next_after(from.parse::<DateTime<Utc>>().unwrap().into()).unwrap().to_string()
    };
    // skipped: 2:00 to 3:00 at 07:00Z
    assert_eq!(next("*/20 59 1,2 * * *", "2027-03-14T06:59:40Z"), "2027-03-14T07:00:00.000Z");
    assert_eq!(next("*/20 59 1,2 * * *", "2027-03-14T07:00:00Z"), "2027-03-15T05:59:00.000Z");
    assert_eq!(next("59 59 * * * *", "2027-03-14T06:59:59Z"), "2027-03-14T07:59:59.000Z");
    // repeated: 1:00 to 2:00 from 06:00Z
    assert_eq!(next("*/20 59 1 * * *", "2027-11-07T05:59:40Z"), "2027-11-08T06:59:00.000Z");
    assert_eq!(next("*/20 59 1 * * *", "2027-11-07T06:59:10.500Z"), "2027-11-08T06:59:00.000Z");
    assert_eq!(next("*/20 59 * * * *", "2027-11-07T05:59:40Z"), "2027-11-07T06:59:00.000Z");
    assert_eq!(next("* * * * * *", "2027-11-07T05:59:59Z"), "2027-11-07T06:00:00.000Z");
    assert_eq!(next("* * * * * *", "2027-11-07T06:59:59Z"), "2027-11-07T07:00:00.000Z");
}
