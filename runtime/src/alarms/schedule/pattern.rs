//! A cron pattern: parsed and checked here, evaluated by the `cron` crate.
//!
//! The crate counts weekdays from 1, requires both day and weekday to match, and accepts much that the contract does
//! not. So it only sees patterns that [`Pattern::parse`] writes: six lists of numbers, with `*` for the day or the
//! weekday.

use chrono::{DateTime, Datelike as _, NaiveDateTime};
use wask_model::{Message, messages};

use super::field::{Dialect, Unit, Values};

/// The most characters of a pattern. One that names every value of every field has 530.
const LONGEST: usize = 1024;

/// A valid cron pattern that matches at least once in eight years. It knows nothing of time zones.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// Alternatives: a time matches the pattern if it matches one of them.
    calendars: Vec<cron::Schedule>,
    every_hour: bool,
    five_fields: bool,
    on_whole_minutes: bool,
}

impl Pattern {
    /// Parses five fields (minute, hour, day, month, weekday) or six (with the second first). `Err` is the contract's
    /// sentence.
    pub fn parse(text: &str, dialect: Dialect) -> Result<Self, Message> {
        Self::read(text, dialect).ok_or_else(|| messages::alarms::cron_invalid(text))
    }

    fn read(text: &str, dialect: Dialect) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let fields: Vec<&str> = text.split_whitespace().collect();
        let (second, [minute, hour, day, month, weekday]) = match fields[..] {
            [minute, hour, day, month, weekday] => (None, [minute, hour, day, month, weekday]),
            [second, minute, hour, day, month, weekday] => (Some(second), [minute, hour, day, month, weekday]),
            _ => return None,
        };
        let times = Times {
            seconds: second.map_or(Some(Values::zero()), |second| Values::parse(second, Unit::SIXTIETHS))?,
            minutes: Values::parse(minute, Unit::SIXTIETHS)?,
            hours: Values::parse(hour, Unit::HOURS)?,
        };
        let dates = Dates {
            days: Values::parse(day, Unit::DAYS)?,
            months: months(month, dialect)?,
            weekdays: weekdays(weekday, dialect)?,
        };
        Some(Pattern {
            calendars: calendars(times, dates)?,
            every_hour: times.hours.covers(24),
            five_fields: second.is_none(),
            on_whole_minutes: matches!(second, None | Some("0")),
        })
    }

    /// Whether the hour field covers all 24 hours.
    pub(super) fn is_every_hour(&self) -> bool {
        self.every_hour
    }

    /// Whether it has no field for seconds.
    pub fn has_five_fields(&self) -> bool {
        self.five_fields
    }

    /// Whether it is not finer than a minute: it has five fields, or `0` as the first of six.
    pub fn is_on_whole_minutes(&self) -> bool {
        self.on_whole_minutes
    }

    /// The first matching date and time after `time`, to the second, in no time zone. `None`: none up to the end of
    /// 2100.
    pub(super) fn next_after(&self, time: NaiveDateTime) -> Option<NaiveDateTime> {
        if time.year() < EARLIEST_YEAR {
            return self.next_after(DateTime::UNIX_EPOCH.naive_utc() - chrono::TimeDelta::seconds(1));
        }
        if time.year() > LATEST_YEAR {
            return None;
        }
        self.calendars.iter().filter_map(|calendar| calendar.after(&time.and_utc()).next()).min().map(|t| t.naive_utc())
    }
}

/// The years that the crate knows, and one before them, because `next_after` begins just before the first.
const EARLIEST_YEAR: i32 = 1969;
const LATEST_YEAR: i32 = 2100;

#[derive(Clone, Copy)]
struct Times {
    seconds: Values,
    minutes: Values,
    hours: Values,
}

/// In the crate's numbers: months from 1, and weekdays from 1, which is Sunday.
#[derive(Clone, Copy)]
struct Dates {
    days: Values,
    months: Values,
    weekdays: Values,
}

impl Dates {
    /// Whether some year, which may be a leap year, has one of the days in one of the months.
    fn has_a_possible_day(self) -> bool {
        let first = self.days.iter().next().unwrap_or(1);
        self.months.iter().any(|month| first <= longest(month))
    }
}

fn months(text: &str, dialect: Dialect) -> Option<Values> {
    let values = Values::parse(text, Unit::months(dialect))?;
    Some(match dialect {
        Dialect::Crontab => values,
        Dialect::NodeCron => values.renumbered(|month| month + 1),
    })
}

fn weekdays(text: &str, dialect: Dialect) -> Option<Values> {
    Some(Values::parse(text, Unit::weekdays(dialect))?.renumbered(|weekday| weekday % 7 + 1))
}

/// Days of `month` in a leap year.
fn longest(month: u32) -> u32 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The calendars of a pattern. If both day and weekday are restricted, either is enough. That takes two calendars,
/// because within one both would have to match. `None`: the pattern can never match.
fn calendars(times: Times, dates: Dates) -> Option<Vec<cron::Schedule>> {
    let by_day = !dates.days.covers(31);
    let by_weekday = !dates.weekdays.covers(7);
    let day_list = list(dates.days);
    let weekday_list = list(dates.weekdays);

    let mut alternatives = Vec::new();
    if by_day && dates.has_a_possible_day() {
        alternatives.push((day_list.as_str(), "*"));
    }
    if by_weekday {
        alternatives.push(("*", weekday_list.as_str()));
    }
    if !by_day && !by_weekday {
        alternatives.push(("*", "*"));
    }
    let calendars: Option<Vec<_>> =
        alternatives.into_iter().map(|(days, weekdays)| calendar(times, days, dates.months, weekdays)).collect();
    calendars.filter(|all| !all.is_empty())
}

fn calendar(times: Times, days: &str, months: Values, weekdays: &str) -> Option<cron::Schedule> {
    let Times { seconds, minutes, hours } = times;
    let text = format!("{} {} {} {days} {} {weekdays}", list(seconds), list(minutes), list(hours), list(months));
    text.parse().ok()
}

fn list(values: Values) -> String {
    values.iter().map(|value| value.to_string()).collect::<Vec<_>>().join(",")
}
