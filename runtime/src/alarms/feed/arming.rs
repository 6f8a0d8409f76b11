//! Enables and disables an alarm. feeds.md §A.6, §A.10, §A.12.

use wask_model::{Alarm, AlarmStatus, DisabledKind, DisabledReason, Timestamp};

use super::settings::AlarmSettings;
use super::ticks::next_tick;

/// The alarm, active and due at `next`.
pub fn switched_on(alarm: &Alarm, next: Timestamp, now: Timestamp) -> Alarm {
    let status = AlarmStatus { active: true, date_changed: now, reason: None };
    Alarm { next_fire: Some(next), status, ..alarm.clone() }
}

/// The alarm, disabled and never due.
pub fn switched_off(alarm: &Alarm, reason: DisabledReason, now: Timestamp) -> Alarm {
    let status = AlarmStatus { active: false, date_changed: now, reason: Some(reason) };
    Alarm { next_fire: None, status, ..alarm.clone() }
}

/// A reason that the server itself found.
pub fn automatic(message: impl Into<String>, status_code: Option<u16>) -> DisabledReason {
    DisabledReason { kind: DisabledKind::Auto, status_code, message: message.into() }
}

/// The alarm, active and due at its next tick, or disabled because it has none.
pub fn re_armed(alarm: &Alarm, settings: &AlarmSettings, now: Timestamp) -> Alarm {
    match next_tick(alarm, settings, now) {
        Ok(next) => switched_on(alarm, next, now),
        Err(none) => switched_off(alarm, automatic(none.on_update(), None), now),
    }
}
