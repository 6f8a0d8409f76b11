//! From clocks on walls to instants: what a pattern means where clocks are put forward and back.
//!
//! A wall-clock time that is skipped fires once, at the first instant after the gap; one that is repeated fires once, at
//! its first occurrence. A pattern for every hour follows real time instead: it fires whenever the clock on the wall
//! matches, so never for what is skipped and twice for what is repeated. Feeds contract §A.8.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _, Utc};
use chrono_tz::{GapInfo, Tz};

use super::pattern::Pattern;

const SECOND: TimeDelta = TimeDelta::seconds(1);

/// The first tick strictly after `after`. `None`: none up to the end of 2100.
pub(super) fn next_tick(pattern: &Pattern, zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match pattern.is_every_hour() {
        true => next_by_real_time(pattern, zone, after),
        false => next_by_wall_clock(pattern, zone, after),
    }
}

fn next_by_wall_clock(pattern: &Pattern, zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let mut wall = wall_clock(zone, after);
    if let Some(overlap) = Overlap::around(zone, wall)
        && overlap.clocks_go_back <= after
    {
        wall = overlap.end - SECOND; // all of it has had its first occurrence
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
        && after < overlap.clocks_go_back
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

/// What a clock on the wall shows; whole seconds are enough, since ticks are.
fn wall_clock(zone: Tz, time: DateTime<Utc>) -> NaiveDateTime {
    time.with_timezone(&zone).naive_local()
}

/// `None`: `skipped` is not in a gap, or the zone's gap never ends.
fn end_of_gap(zone: Tz, skipped: NaiveDateTime) -> Option<DateTime<Tz>> {
    GapInfo::new(&skipped, &zone)?.end
}

/// Wall-clock times from `start` to before `end` that happen twice: until the clocks go back, and after it.
struct Overlap {
    start: NaiveDateTime,
    end: NaiveDateTime,
    clocks_go_back: DateTime<Utc>,
}

impl Overlap {
    /// `None`: `wall` does not happen twice.
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

/// The second after `before`, at most `after`, at which the offset of `before` ends.
fn change_of_offset(zone: Tz, before: DateTime<Utc>, after: DateTime<Utc>) -> DateTime<Utc> {
    let offset = |seconds: i64| {
        DateTime::from_timestamp(seconds, 0).map(|time| zone.offset_from_utc_datetime(&time.naive_utc()).fix())
    };
    let (mut old, mut new) = (before.timestamp(), after.timestamp());
    let kept = offset(old);
    while old + 1 < new {
        let middle = old + (new - old) / 2;
        match offset(middle) == kept {
            true => old = middle,
            false => new = middle,
        }
    }
    DateTime::from_timestamp(new, 0).unwrap_or(after)
}
