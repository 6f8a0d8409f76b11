//! Switching an alarm on and off: when it is due next, and what it says about itself when it is not. Feeds contract
//! §A.6, A.10, A.12.

use serde_json::Value;
use wask_model::{Alarm, AlarmSchedule, AlarmStatus, Disabled, DisabledKind, Message, Timestamp, messages};

use super::dates::date;
use super::parameters::strictness;
use super::settings::AlarmSettings;
use crate::alarms::schedule::{Pattern, Schedule, spreading_delay, zone_named};

/// Why an active alarm has no next tick.
#[derive(Clone, Debug, PartialEq)]
pub enum Exhausted {
    /// The stop date is past.
    StopDateExpired,
    /// The next tick comes after the stop date, or never.
    NoTickBeforeStop,
    /// The date of a single fire is past.
    OnceDateExpired,
    /// It has fired as often as it may.
    MaxTriggers,
    /// The stored pattern or zone is no longer accepted: the server's settings or zones changed.
    Unreadable(Message),
}

impl Exhausted {
    /// What the alarm says about itself when the server's start finds it so.
    pub fn on_start(&self) -> String {
        self.sentence(messages::alarms::disabled_on_start)
    }

    /// The same when an update or a resume finds it so.
    pub fn on_update(&self) -> String {
        self.sentence(messages::alarms::disabled_on_update)
    }

    /// The same after a tick of this schedule.
    pub fn after_firing(&self, schedule: &AlarmSchedule) -> String {
        match self {
            Exhausted::StopDateExpired | Exhausted::NoTickBeforeStop | Exhausted::OnceDateExpired => {
                after_last_tick(schedule).to_owned()
            }
            Exhausted::MaxTriggers | Exhausted::Unreadable(_) => self.on_start(),
        }
    }

    fn sentence(&self, because: impl Fn(&str) -> String) -> String {
        match self {
            Exhausted::StopDateExpired => because(messages::alarms::STOP_DATE_EXPIRED),
            Exhausted::NoTickBeforeStop => because(messages::alarms::NEXT_FIRE_AFTER_STOP),
            Exhausted::OnceDateExpired => because(messages::alarms::ONCE_DATE_EXPIRED),
            Exhausted::MaxTriggers => messages::alarms::DISABLED_MAX_TRIGGERS.to_owned(),
            Exhausted::Unreadable(message) => because(message),
        }
    }
}

/// What an alarm says about itself that has fired for the last time.
pub fn after_last_tick(schedule: &AlarmSchedule) -> &'static str {
    match schedule {
        AlarmSchedule::Alarm { .. } => messages::alarms::DISABLED_LAST_CRON,
        AlarmSchedule::Interval { .. } => messages::alarms::DISABLED_LAST_INTERVAL,
        AlarmSchedule::Once { .. } => messages::alarms::DISABLED_AFTER_ONCE,
    }
}

/// The first tick strictly after `now`, not before the start date and not after the stop date.
pub fn next_tick(alarm: &Alarm, settings: &AlarmSettings, now: Timestamp) -> Result<Timestamp, Exhausted> {
    if alarm.fires_left == Some(0) {
        return Err(Exhausted::MaxTriggers);
    }
    match &alarm.schedule {
        AlarmSchedule::Alarm { cron, timezone, start_date, stop_date } => {
            let start = start_date.as_ref().and_then(date);
            until(stop_date.as_ref(), now, || {
                let schedule = schedule(alarm, (cron, timezone.as_deref()), settings)?;
                Ok(match start {
                    Some(start) if now < start => schedule.next_from(start),
                    Some(_) | None => schedule.next_after(now),
                })
            })
        }
        AlarmSchedule::Interval { minutes, start_date, stop_date } => {
            until(stop_date.as_ref(), now, || Ok(date(start_date).and_then(|start| of_interval(start, *minutes, now))))
        }
        AlarmSchedule::Once { date: due, .. } => date(due).filter(|&due| now < due).ok_or(Exhausted::OnceDateExpired),
    }
}

/// `next`, unless that is after the stop date.
fn until(
    stop_date: Option<&Value>,
    now: Timestamp,
    next: impl FnOnce() -> Result<Option<Timestamp>, Message>,
) -> Result<Timestamp, Exhausted> {
    let stop = stop_date.and_then(date);
    if stop.is_some_and(|stop| stop <= now) {
        return Err(Exhausted::StopDateExpired);
    }
    let next = next().map_err(Exhausted::Unreadable)?;
    next.filter(|&next| stop.is_none_or(|stop| next <= stop)).ok_or(Exhausted::NoTickBeforeStop)
}

/// The first of `start`, `start` and so many minutes, twice as many, … strictly after `now`. `None`: not before the end
/// of time.
fn of_interval(start: Timestamp, minutes: u64, now: Timestamp) -> Option<Timestamp> {
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
    let delay = match pattern.has_five_fields() && !strict {
        true => spreading_delay(alarm.trigger.name.as_str(), settings.delay_limit_seconds),
        false => 0,
    };
    Ok(Schedule::new(pattern, zone).delayed_by(delay))
}

/// The alarm, active and due at `next`.
pub fn switched_on(alarm: &Alarm, next: Timestamp, now: Timestamp) -> Alarm {
    let status = AlarmStatus { active: true, date_changed: now, reason: None };
    Alarm { next_fire: Some(next), status, ..alarm.clone() }
}

/// The alarm, off and never due.
pub fn switched_off(alarm: &Alarm, reason: Disabled, now: Timestamp) -> Alarm {
    let status = AlarmStatus { active: false, date_changed: now, reason: Some(reason) };
    Alarm { next_fire: None, status, ..alarm.clone() }
}

/// A reason that the server found by itself.
pub fn automatic(message: impl Into<String>, status_code: Option<u16>) -> Disabled {
    Disabled { kind: DisabledKind::Auto, status_code, message: message.into() }
}

/// The alarm, active and due at its next tick, or off because it has none.
pub fn re_armed(alarm: &Alarm, settings: &AlarmSettings, now: Timestamp) -> Alarm {
    match next_tick(alarm, settings, now) {
        Ok(next) => switched_on(alarm, next, now),
        Err(exhausted) => switched_off(alarm, automatic(exhausted.on_update(), None), now),
    }
}
