//! Switching an alarm on and off: when it is due next, and what it says about itself when it is not. Feeds contract
//! §A.6, A.10, A.12.

use wask_model::{Alarm, AlarmSchedule, AlarmStatus, DisabledKind, DisabledReason, Message, Timestamp, messages};

use super::settings::AlarmSettings;
use super::ticks::next_tick;

/// Why an active alarm has no next tick.
#[derive(Clone, Debug, PartialEq)]
pub enum NoNextTick {
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

impl NoNextTick {
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
            NoNextTick::StopDateExpired | NoNextTick::NoTickBeforeStop | NoNextTick::OnceDateExpired => {
                after_last_tick(schedule).to_owned()
            }
            NoNextTick::MaxTriggers | NoNextTick::Unreadable(_) => self.on_start(),
        }
    }

    fn sentence(&self, because: impl Fn(&str) -> String) -> String {
        match self {
            NoNextTick::StopDateExpired => because(messages::alarms::STOP_DATE_EXPIRED),
            NoNextTick::NoTickBeforeStop => because(messages::alarms::NEXT_FIRE_AFTER_STOP),
            NoNextTick::OnceDateExpired => because(messages::alarms::ONCE_DATE_EXPIRED),
            NoNextTick::MaxTriggers => messages::alarms::DISABLED_MAX_TRIGGERS.to_owned(),
            NoNextTick::Unreadable(message) => because(message),
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

/// The alarm, active and due at `next`.
pub fn switched_on(alarm: &Alarm, next: Timestamp, now: Timestamp) -> Alarm {
    let status = AlarmStatus { active: true, date_changed: now, reason: None };
    Alarm { next_fire: Some(next), status, ..alarm.clone() }
}

/// The alarm, off and never due.
pub fn switched_off(alarm: &Alarm, reason: DisabledReason, now: Timestamp) -> Alarm {
    let status = AlarmStatus { active: false, date_changed: now, reason: Some(reason) };
    Alarm { next_fire: None, status, ..alarm.clone() }
}

/// A reason that the server found by itself.
pub fn automatic(message: impl Into<String>, status_code: Option<u16>) -> DisabledReason {
    DisabledReason { kind: DisabledKind::Auto, status_code, message: message.into() }
}

/// The alarm, active and due at its next tick, or off because it has none.
pub fn re_armed(alarm: &Alarm, settings: &AlarmSettings, now: Timestamp) -> Alarm {
    match next_tick(alarm, settings, now) {
        Ok(next) => switched_on(alarm, next, now),
        Err(exhausted) => switched_off(alarm, automatic(exhausted.on_update(), None), now),
    }
}
