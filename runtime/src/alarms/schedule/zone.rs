//! From wall-clock times to instants: the meaning of a pattern where clocks change.
//!
//! A skipped wall-clock time fires once, at the first instant after the gap. A repeated one fires once, at its first
//! occurrence. A pattern for every hour follows real time instead and fires whenever the wall clock matches: never for
//! a skipped time, and twice for a repeated one. feeds.md §A.8.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _, Utc};
use chrono_tz::{GapInfo, Tz};

use super::pattern::Pattern;

const SECOND: TimeDelta = TimeDelta::seconds(1);

/// The first tick strictly after `after`. `None`: none up to the end of 2100.
pub(super) fn next_tick(pattern: &Pattern, zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if pattern.is_every_hour() {
        next_by_real_time(pattern, zone, after)
    } else {
        next_by_wall_clock(pattern, zone, after)
    }
}

fn next_by_wall_clock(pattern: &Pattern, zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let mut wall = wall_clock(zone, after);
    if let Some(overlap) = Overlap::around(zone, wall)
        && overlap.clocks_go_back <= after
    {
        wall = overlap.end - SECOND; // every time in it has had its first occurrence
    }
    let next = pattern.next_after(wall)?;
    match zone.from_local_datetime(&next) {
        MappedLocalTime::Single(tick) | MappedLocalTime::Ambiguous(tick, _) => Some(tick.to_utc()),
        MappedLocalTime::None => Some(end_of_gap(zone, next)?.to_utc()),
    }
}

fn next_by_real_time(pattern: &Pattern, zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let mut wall = wall_clock(zone, after);
    if let Some(overlap) = Overlap::around(zone, wall)
        && overlap.clocks_go_back > after
    {
        let within = |from| pattern.next_after(from).filter(|&next| next < overlap.end);
        if let Some(next) = within(wall) {
            return zone.from_local_datetime(&next).earliest().map(|tick| tick.to_utc());
        }
        if let Some(next) = within(overlap.start - SECOND) {
            return zone.from_local_datetime(&next).latest().map(|tick| tick.to_utc());
        }
        wall = overlap.end - SECOND;
    }
    loop {
        let next = pattern.next_after(wall)?;
        match zone.from_local_datetime(&next) {
            MappedLocalTime::Single(tick) => return Some(tick.to_utc()),
            MappedLocalTime::Ambiguous(first, second) => {
                return Some(if after < first { first.to_utc() } else { second.to_utc() });
            }
            MappedLocalTime::None => wall = end_of_gap(zone, next)?.naive_local() - SECOND,
        }
    }
}

/// The time on a wall clock.
fn wall_clock(zone: Tz, time: DateTime<Utc>) -> NaiveDateTime {
    time.with_timezone(&zone).naive_local()
}

/// The first instant after the gap that `skipped` is in. `None`: it is not in a gap, or the gap never ends.
fn end_of_gap(zone: Tz, skipped: NaiveDateTime) -> Option<DateTime<Tz>> {
    GapInfo::new(&skipped, &zone)?.end
}

/// The wall-clock times from `start` to before `end`, which happen twice: before the clocks go back and after.
struct Overlap {
    start: NaiveDateTime,
    end: NaiveDateTime,
    clocks_go_back: DateTime<Utc>,
}

impl Overlap {
    /// The overlap that `wall` is in. `None`: it does not happen twice.
    fn around(zone: Tz, wall: NaiveDateTime) -> Option<Self> {
        let MappedLocalTime::Ambiguous(first, second) = zone.from_local_datetime(&wall) else { return None };
        let clocks_go_back = change_of_offset(zone, first.to_utc(), second.to_utc());
        Some(Overlap {
            start: clocks_go_back.naive_utc() + second.offset().fix(),
            end: clocks_go_back.naive_utc() + first.offset().fix(),
            clocks_go_back,
        })
    }
}

/// The second at which the offset of `before` ends, which is at most `after`.
fn change_of_offset(zone: Tz, before: DateTime<Utc>, after: DateTime<Utc>) -> DateTime<Utc> {
    let offset = |seconds: i64| {
        DateTime::from_timestamp(seconds, 0).map(|time| zone.offset_from_utc_datetime(&time.naive_utc()).fix())
    };
    let (mut old, mut new) = (before.timestamp(), after.timestamp());
    let kept = offset(old);
    while old + 1 < new {
        let middle = old + (new - old) / 2;
        if offset(middle) == kept {
            old = middle;
        } else {
            new = middle;
        }
    }
    DateTime::from_timestamp(new, 0).unwrap_or(after)
}
