//! The contract's examples A26 to A35, and the edges of the calendar.

use wask_model::Timestamp;

use super::{Dialect, Pattern, Schedule, spreading_delay, zone_named};

const NEW_YEAR: &str = "2027-01-01T00:00:00Z";

fn time(text: &str) -> Timestamp {
    text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().into()
}

fn schedule(pattern: &str, zone: &str) -> Schedule {
    Schedule::new(Pattern::parse(pattern, Dialect::Crontab).unwrap(), zone_named(zone).unwrap())
}

/// The first ticks after `from`, to the second.
fn ticks(schedule: &Schedule, from: &str, count: usize) -> Vec<String> {
    std::iter::successors(schedule.next_after(time(from)), |&tick| schedule.next_after(tick))
        .take(count)
        .map(|tick| tick.to_string().replace(".000Z", "Z"))
        .collect()
}

#[test]
fn ticks_are_at_the_contracts_times() {
    #[rustfmt::skip]
    let table: [(&str, &str, &str, &[&str]); 9] = [
        ("*/30 * * * * *", "UTC", NEW_YEAR, &["2027-01-01T00:00:30Z", "2027-01-01T00:01:00Z", "2027-01-01T00:01:30Z"]),
        ("5/10 * * * *", "UTC", NEW_YEAR, &["2027-01-01T00:05:00Z", "2027-01-01T00:15:00Z", "2027-01-01T00:25:00Z"]),
        ("0 9 8 * *", "UTC", NEW_YEAR, &["2027-01-08T09:00:00Z", "2027-02-08T09:00:00Z", "2027-03-08T09:00:00Z"]),
        ("0 0 13 * fri", "UTC", NEW_YEAR, &["2027-01-08T00:00:00Z", "2027-01-13T00:00:00Z", "2027-01-15T00:00:00Z"]),
        ("0 2 * * 7", "UTC", NEW_YEAR, &["2027-01-03T02:00:00Z", "2027-01-10T02:00:00Z"]),
        ("30 9 * * mon-fri", "America/New_York", NEW_YEAR, &["2027-01-01T14:30:00Z", "2027-01-04T14:30:00Z", "2027-01-05T14:30:00Z"]),
        ("0 9 8 1 *", "UTC", NEW_YEAR, &["2027-01-08T09:00:00Z"]),
        ("0 0 29 2 *", "UTC", NEW_YEAR, &["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]),
        ("30 2 * * *", "America/New_York", "2027-03-13T12:00:00Z", &["2027-03-14T07:00:00Z", "2027-03-15T06:30:00Z"]),
    ];
    for (pattern, zone, from, expected) in table {
        assert_eq!(ticks(&schedule(pattern, zone), from, expected.len()), expected, "{pattern}");
    }
}

#[test]
fn the_dialect_numbers_the_months() {
    for (dialect, first) in [(Dialect::Crontab, "2027-01-08T09:00:00Z"), (Dialect::NodeCron, "2027-02-08T09:00:00Z")] {
        let schedule = Schedule::new(Pattern::parse("0 9 8 1 *", dialect).unwrap(), chrono_tz::UTC);
        assert_eq!(ticks(&schedule, NEW_YEAR, 1), [first]);
    }
    for dialect in [Dialect::Crontab, Dialect::NodeCron] {
        let schedule = Schedule::new(Pattern::parse("0 9 * JAN-feb Mon", dialect).unwrap(), chrono_tz::UTC);
        assert_eq!(ticks(&schedule, "2027-02-21T00:00:00Z", 2), ["2027-02-22T09:00:00Z", "2028-01-03T09:00:00Z"]);
    }
}

#[test]
fn a_pattern_outside_the_grammar_or_the_calendar_is_refused() {
    for pattern in [
        "0 0 L * *",
        "0 0 ? * *",
        "@hourly",
        "0 0 * * 1#2",
        "60 * * * *",
        "* * * *",
        "0 0 30 2 *",
        "*/0 * * * *",
        "5-1 * * * *",
        "***",
        "bogus",
        "",
        "   ",
        "* * * * * * *",
        "0 0 15W * *",
        "0 22-2 * * *",
        "0 0 * * sat-sun",
        "0 0 31 4,6,9,11 *",
        "0 0 0 * *",
        "0 0 * * 8",
        "0 0 * * mo",
        "0 jan * * *",
    ] {
        let refused = Pattern::parse(pattern, Dialect::Crontab).unwrap_err();
        assert_eq!(refused, format!("cron pattern '{pattern}' is not valid"));
    }
    assert!(Pattern::parse(&format!("{}0 * * * *", "0,".repeat(600)), Dialect::Crontab).is_err());
    assert!(Pattern::parse("0 0 * * 7", Dialect::NodeCron).is_err());
}

#[test]
fn an_impossible_day_leaves_its_weekday_valid() {
    let mondays_of_february = schedule("0 0 30 2 1", "UTC");
    assert_eq!(ticks(&mondays_of_february, NEW_YEAR, 2), ["2027-02-01T00:00:00Z", "2027-02-08T00:00:00Z"]);
}

#[test]
fn a_day_field_that_covers_its_range_does_not_restrict() {
    assert_eq!(ticks(&schedule("0 0 1-31 * mon", "UTC"), NEW_YEAR, 1), ["2027-01-04T00:00:00Z"]);
    assert_eq!(ticks(&schedule("0 0 9 * 0-6", "UTC"), NEW_YEAR, 1), ["2027-01-09T00:00:00Z"]);
    assert_eq!(ticks(&schedule("0 0 9 * 1-7", "UTC"), NEW_YEAR, 1), ["2027-01-09T00:00:00Z"]);
}

#[test]
fn blanks_around_and_between_fields_are_ignored() {
    assert_eq!(ticks(&schedule("  0\t9  8 *\n* ", "UTC"), NEW_YEAR, 1), ["2027-01-08T09:00:00Z"]);
}

#[test]
fn a_tick_is_strictly_after_the_given_time_to_the_millisecond() {
    let minutely = schedule("* * * * *", "UTC");
    assert_eq!(ticks(&minutely, NEW_YEAR, 1), ["2027-01-01T00:01:00Z"]);
    assert_eq!(ticks(&minutely, "2026-12-31T23:59:59.999Z", 1), [NEW_YEAR]);
    assert_eq!(ticks(&minutely, "2027-01-01T00:00:00.001Z", 1), ["2027-01-01T00:01:00Z"]);
    assert_eq!(minutely.next_from(time(NEW_YEAR)), Some(time(NEW_YEAR)));
}

#[test]
fn spreading_moves_every_tick_to_the_second_of_the_trigger() {
    let spread = schedule("*/2 * * * *", "UTC").delayed_by(spreading_delay("nightly-export", 59));
    assert_eq!(ticks(&spread, NEW_YEAR, 2), ["2027-01-01T00:00:12Z", "2027-01-01T00:02:12Z"]);
    assert_eq!(ticks(&spread, "2027-01-01T00:00:12Z", 1), ["2027-01-01T00:02:12Z"]);
}

#[test]
fn the_calendar_ends_with_2100_without_a_panic() {
    let yearly = schedule("0 0 1 1 *", "America/New_York");
    assert_eq!(ticks(&yearly, "2100-01-01T05:00:00Z", 1), Vec::<String>::new());
    assert_eq!(ticks(&yearly, "1900-01-01T00:00:00Z", 1), ["1970-01-01T05:00:00Z"]);
    for millis in [i64::MIN, -8_640_000_000_000_000, 8_640_000_000_000_000, i64::MAX] {
        let _ = yearly.next_after(Timestamp::from_millis(millis));
        let _ = yearly.next_from(Timestamp::from_millis(millis));
    }
}

#[test]
fn a_zone_is_found_by_its_exact_iana_name() {
    assert!(zone_named("America/New_York").is_ok() && zone_named("UTC").is_ok());
    for unknown in ["America/RTP", "Nowhere/Land", "america/new_york", "", "+02:00", "EDT"] {
        assert_eq!(zone_named(unknown).unwrap_err(), "Invalid timezone.", "{unknown}");
    }
}

#[test]
fn a_pattern_with_seconds_is_not_on_whole_minutes() {
    for (pattern, whole) in [
        ("* * * * *", true),
        ("0 * * * * *", true),
        ("* * * * * *", false),
        ("00 * * * * *", false),
        ("0,30 * * * * *", false),
    ] {
        assert_eq!(Pattern::parse(pattern, Dialect::Crontab).unwrap().is_on_whole_minutes(), whole, "{pattern}");
    }
}
