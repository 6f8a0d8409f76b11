//! Why an alarm has no next tick, and the sentences in which it says so. feeds.md §A.6, §A.10, §A.12.

use wask_model::{AlarmSchedule, Message, messages};

/// Why an active alarm has no next tick.
#[derive(Clone, Debug, PartialEq)]
pub enum NoNextTick {
    /// The stop date has passed.
    StopDateExpired,
    /// The next tick would be after the stop date, or there is none in the calendar.
    NoTickBeforeStop,
    /// The date of a single tick has passed.
    OnceDateExpired,
    /// The alarm has no firings left.
    MaxTriggers,
    /// The stored pattern or zone is no longer accepted, because the server's settings or zones changed.
    Unreadable(Message),
}

impl NoNextTick {
    /// The alarm's sentence if the node finds this when it starts.
    pub fn on_start(&self) -> String {
        self.sentence(messages::alarms::disabled_on_start)
    }

    /// The alarm's sentence if an update or a resume finds this.
    pub fn on_update(&self) -> String {
        self.sentence(messages::alarms::disabled_on_update)
    }

    /// The alarm's sentence after a tick of this schedule.
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

/// The sentence of an alarm that has fired for the last time.
pub fn after_last_tick(schedule: &AlarmSchedule) -> &'static str {
    match schedule {
        AlarmSchedule::Alarm { .. } => messages::alarms::DISABLED_LAST_CRON,
        AlarmSchedule::Interval { .. } => messages::alarms::DISABLED_LAST_INTERVAL,
        AlarmSchedule::Once { .. } => messages::alarms::DISABLED_AFTER_ONCE,
    }
}
