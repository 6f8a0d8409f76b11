//! Switching an alarm on and off: when it is due next, and what it says about itself when it is not. Feeds contract
//! §A.6, A.10, A.12.

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

    /// The same after a tick.
    pub fn after_firing(&self) -> String {
        match self {
            Exhausted::StopDateExpired | Exhausted::NoTickBeforeStop => messages::alarms::DISABLED_LAST_CRON.to_owned(),
            Exhausted::MaxTriggers | Exhausted::Unreadable(_) => self.on_start(),
        }
    }

    fn sentence(&self, because: impl Fn(&str) -> String) -> String {
        match self {
            Exhausted::StopDateExpired => because(messages::alarms::STOP_DATE_EXPIRED),
            Exhausted::NoTickBeforeStop => because(messages::alarms::NEXT_FIRE_AFTER_STOP),
            Exhausted::MaxTriggers => messages::alarms::DISABLED_MAX_TRIGGERS.to_owned(),
            Exhausted::Unreadable(message) => because(message),
        }
    }
}

/// The first tick strictly after `now` and not before the start date.
pub fn next_tick(alarm: &Alarm, settings: &AlarmSettings, now: Timestamp) -> Result<Timestamp, Exhausted> {
    let AlarmSchedule::Alarm { start_date, stop_date, .. } = &alarm.schedule;
    let stop = stop_date.as_ref().and_then(date);
    if alarm.fires_left == Some(0) {
        return Err(Exhausted::MaxTriggers);
    }
    if stop.is_some_and(|stop| stop <= now) {
        return Err(Exhausted::StopDateExpired);
    }
    let schedule = schedule(alarm, settings).map_err(Exhausted::Unreadable)?;
    let next = match start_date.as_ref().and_then(date) {
        Some(start) if now < start => schedule.next_from(start),
        Some(_) | None => schedule.next_after(now),
    };
    next.filter(|&next| stop.is_none_or(|stop| next <= stop)).ok_or(Exhausted::NoTickBeforeStop)
}

fn schedule(alarm: &Alarm, settings: &AlarmSettings) -> Result<Schedule, Message> {
    let AlarmSchedule::Alarm { cron, timezone, .. } = &alarm.schedule;
    let pattern = Pattern::parse(cron, settings.cron_dialect)?;
    let zone = zone_named(timezone.as_deref().unwrap_or("UTC"))?;
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
