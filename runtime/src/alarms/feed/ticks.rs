//! The due times of an alarm of any feed. feeds.md §A.3, §A.8, §A.9.

use wask_model::{Alarm, AlarmSchedule, Message, Timestamp};

use super::dates::date;
use super::no_next_tick::NoNextTick;
use super::parameters::strictness;
use super::settings::AlarmSettings;
use crate::alarms::schedule::{Pattern, Schedule, spreading_delay, zone_named};

/// The first tick strictly after `now`, not before the start date and not after the stop date.
pub fn next_tick(alarm: &Alarm, settings: &AlarmSettings, now: Timestamp) -> Result<Timestamp, NoNextTick> {
    Ticks::new(alarm, settings)?.after(now)
}

/// All ticks of an alarm, parsed once for many questions.
pub struct Ticks {
    course: Course,
    stop: Option<Timestamp>,
}

enum Course {
    Cron { schedule: Schedule, start: Option<Timestamp> },
    Interval { start: Option<Timestamp>, minutes: u64 },
    Once { date: Option<Timestamp> },
}

impl Ticks {
    /// `Err`: the alarm has no ticks at all.
    pub fn new(alarm: &Alarm, settings: &AlarmSettings) -> Result<Self, NoNextTick> {
        if alarm.fires_left == Some(0) {
            return Err(NoNextTick::MaxTriggers);
        }
        Ok(match &alarm.schedule {
            AlarmSchedule::Alarm { cron, timezone, start_date, stop_date } => {
                let schedule =
                    schedule(alarm, (cron, timezone.as_deref()), settings).map_err(NoNextTick::Unreadable)?;
                let start = start_date.as_ref().and_then(date);
                Ticks { course: Course::Cron { schedule, start }, stop: stop_date.as_ref().and_then(date) }
            }
            AlarmSchedule::Interval { minutes, start_date, stop_date } => {
                let course = Course::Interval { start: date(start_date), minutes: *minutes };
                Ticks { course, stop: stop_date.as_ref().and_then(date) }
            }
            AlarmSchedule::Once { date: due, .. } => Ticks { course: Course::Once { date: date(due) }, stop: None },
        })
    }

    /// The first tick strictly after `now`.
    pub fn after(&self, now: Timestamp) -> Result<Timestamp, NoNextTick> {
        if self.stop.is_some_and(|stop| stop <= now) {
            return Err(NoNextTick::StopDateExpired);
        }
        let next = match &self.course {
            Course::Cron { schedule, start: Some(start) } if *start > now => schedule.next_from(*start),
            Course::Cron { schedule, .. } => schedule.next_after(now),
            Course::Interval { start, minutes } => start.and_then(|start| interval_tick(start, *minutes, now)),
            Course::Once { date } => {
                return date.filter(|&date| date > now).ok_or(NoNextTick::OnceDateExpired);
            }
        };
        next.filter(|&next| self.stop.is_none_or(|stop| next <= stop)).ok_or(NoNextTick::NoTickBeforeStop)
    }

    /// The tick `first` and those after it, up to and including `until`.
    pub fn from(&self, first: Timestamp, until: Timestamp) -> impl Iterator<Item = Timestamp> {
        let all = std::iter::successors(Some(first), |&tick| self.after(tick).ok());
        all.take_while(move |&tick| tick <= until)
    }

    /// The last tick up to and including `until`. `first` is a tick that is not later. It halves the time in between,
    /// because there may be too many ticks to walk.
    pub fn last_until(&self, first: Timestamp, until: Timestamp) -> Timestamp {
        let (mut last, mut none_after) = (first.millis(), until.millis());
        while last < none_after {
            let middle = last + (none_after - last) / 2;
            match self.after(Timestamp::from_millis(middle)) {
                Ok(tick) if tick <= until => last = tick.millis(),
                Ok(_) | Err(_) => none_after = middle,
            }
        }
        Timestamp::from_millis(last)
    }

    /// The earliest of the last `count` ticks from `first` to `until`.
    pub fn earliest_of_last(&self, count: u32, first: Timestamp, until: Timestamp) -> Timestamp {
        let before = |tick: Timestamp| {
            let until = Timestamp::from_millis(tick.millis() - 1);
            (tick > first).then(|| self.last_until(first, until))
        };
        let last = self.last_until(first, until);
        std::iter::successors(Some(last), |&tick| before(tick)).take(count as usize).last().unwrap_or(last)
    }
}

/// The first of `start`, `start` plus `minutes`, plus twice `minutes`, … that is strictly after `now`. `None`: it is
/// beyond the end of time.
fn interval_tick(start: Timestamp, minutes: u64, now: Timestamp) -> Option<Timestamp> {
    if now < start {
        return Some(start);
    }
    let period = i64::try_from(minutes).ok()?.checked_mul(60_000)?;
    let passed = now.millis().checked_sub(start.millis())? / period;
    let next = start.millis().checked_add((passed + 1).checked_mul(period)?)?;
    Some(Timestamp::from_millis(next))
}

fn schedule(
    alarm: &Alarm,
    (cron, timezone): (&str, Option<&str>),
    settings: &AlarmSettings,
) -> Result<Schedule, Message> {
    let pattern = Pattern::parse(cron, settings.cron_dialect)?;
    let zone = zone_named(timezone.unwrap_or("UTC"))?;
    let strict = strictness(&alarm.strict).unwrap_or(settings.default_strict);
    let delay = if pattern.has_five_fields() && !strict {
        spreading_delay(alarm.trigger.name.as_str(), settings.delay_limit_seconds)
    } else {
        0
    };
    Ok(Schedule::new(pattern, zone).delayed_by(delay))
}
