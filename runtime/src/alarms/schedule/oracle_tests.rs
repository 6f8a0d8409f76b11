//! Patterns compared with `croner`, another implementation of the same grammar.

use chrono::{DateTime, Datelike as _, Utc};
use croner::parser::CronParser;
use proptest::prelude::*;

use super::field::{Unit, Values};
use super::{Dialect, Pattern, Schedule, zone_named};

/// One item of a field of `low` to `high` that never covers the whole range.
fn item(low: u32, high: u32) -> impl Strategy<Value = String> {
    let part = (low..=high, low..=high).prop_map(move |(a, b)| {
        let (first, last) = (a.min(b), a.max(b));
        if (first, last) == (low, high) { (low, high - 2) } else { (first, last) }
    });
    prop_oneof![
        (low..=high).prop_map(|value| value.to_string()),
        (low..=high, 2..=high).prop_map(|(first, step)| format!("{first}/{step}")),
        part.clone().prop_map(|(first, last)| format!("{first}-{last}")),
        (part, 1..=high).prop_map(|((first, last), step)| format!("{first}-{last}/{step}")),
    ]
}

/// `*`, `*/s` or a list.
fn field(low: u32, high: u32) -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("*".to_owned()),
        1 => (2..=high).prop_map(|step| format!("*/{step}")),
        3 => restricted(low, high),
    ]
}

fn restricted(low: u32, high: u32) -> impl Strategy<Value = String> {
    proptest::collection::vec(item(low, high), 1..3).prop_map(|items| items.join(","))
}

fn month() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => field(1, 12),
        1 => Just("jan-MAR".to_owned()),
        1 => Just("Feb,sep-nov/2".to_owned()),
    ]
}

fn weekday() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("*".to_owned()),
        3 => restricted(0, 6),
        1 => Just("7".to_owned()),
        1 => Just("5-7".to_owned()),
        1 => Just("Mon-fri".to_owned()),
        1 => Just("SUN,wed".to_owned()),
    ]
}

fn day() -> impl Strategy<Value = String> {
    prop_oneof![Just("*".to_owned()), restricted(1, 31)]
}

fn pattern() -> impl Strategy<Value = String> {
    let seconds = prop_oneof![Just(String::new()), field(0, 59).prop_map(|second| format!("{second} "))];
    (seconds, field(0, 59), field(0, 23), day(), month(), weekday()).prop_map(
        |(second, minute, hour, day, month, weekday)| format!("{second}{minute} {hour} {day} {month} {weekday}"),
    )
}

/// Whether each day field is `*` or leaves values out. `croner` takes a field that covers its range by numbers for a
/// restriction.
fn agrees_on_days(pattern: &str) -> bool {
    let fields: Vec<&str> = pattern.split(' ').rev().collect();
    let weekdays = Values::parse(fields[0], Unit::weekdays(Dialect::Crontab)).unwrap();
    let days = Values::parse(fields[2], Unit::DAYS).unwrap();
    (fields[0] == "*" || !weekdays.renumbered(|weekday| weekday % 7).covers(7))
        && (fields[2] == "*" || !days.covers(31))
}

fn by_croner(pattern: &str, from: DateTime<Utc>, zone: chrono_tz::Tz) -> Option<DateTime<Utc>> {
    let cron = CronParser::builder().sloppy_ranges(true).build().parse(pattern).unwrap();
    cron.find_next_occurrence(&from.with_timezone(&zone), false).ok().map(|tick| tick.to_utc())
}

fn compare(pattern: &str, from: DateTime<Utc>, zone: chrono_tz::Tz) -> Result<(), TestCaseError> {
    let Ok(ours) = Pattern::parse(pattern, Dialect::Crontab) else {
        prop_assert_eq!(by_croner(pattern, from, zone), None, "refused though it can match: {}", pattern);
        return Ok(());
    };
    let schedule = Schedule::new(ours, zone);
    let mut time = from;
    for _ in 0..5 {
        let expected = by_croner(pattern, time, zone).filter(|tick| tick.year() < 2100);
        let Some(expected) = expected else { break };
        prop_assert_eq!(schedule.next_after(time.into()), Some(expected.into()), "{} after {}", pattern, time);
        time = expected;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ticks_agree_with_croner_in_utc(
        pattern in pattern().prop_filter("covers all days by numbers", |p| agrees_on_days(p)),
        from in 1_600_000_000i64..3_000_000_000,
    ) {
        compare(&pattern, DateTime::from_timestamp(from, 0).unwrap(), chrono_tz::UTC)?;
    }

    #[test]
    fn ticks_agree_with_croner_where_clocks_never_change(
        pattern in pattern().prop_filter("covers all days by numbers", |p| agrees_on_days(p)),
        from in 1_600_000_000i64..3_000_000_000,
        zone in prop_oneof![Just("Asia/Kolkata"), Just("America/Phoenix"), Just("Asia/Tokyo"), Just("Pacific/Kiritimati")],
    ) {
        compare(&pattern, DateTime::from_timestamp(from, 0).unwrap(), zone_named(zone).unwrap())?;
    }

    /// In weeks without a change of clocks, with patterns that tick at least daily, so that no search leaves the week.
    #[test]
    fn ticks_agree_with_croner_between_changes_of_clocks(
        times in (field(0, 59), field(0, 23)),
        week in 0i64..8,
        offset in 0i64..604_800,
        zone in prop_oneof![Just("America/New_York"), Just("Europe/Berlin"), Just("Australia/Lord_Howe")],
    ) {
        let from = DateTime::from_timestamp(1_811_808_000 + week * 604_800 + offset, 0).unwrap(); // June and July 2027
        compare(&format!("{} {} * * *", times.0, times.1), from, zone_named(zone).unwrap())?;
    }

    #[test]
    fn any_text_parses_or_is_refused_without_a_panic(text in "[0-9*,/ a-zA-Z#?@-]{0,40}") {
        if let Ok(pattern) = Pattern::parse(&text, Dialect::Crontab) {
            let tick = Schedule::new(pattern, chrono_tz::UTC).next_after("2027-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap().into());
            prop_assert!(tick.is_some(), "an accepted pattern matches: {}", text);
        }
    }
}
