//! What firing does to an alarm. Feeds contract §A.10, A.12.
//!
//! A tick takes two steps. [`advance`] claims it: the alarm moves on to its next tick, or is disabled after its last,
//! before the trigger is fired. [`after_fire`] follows when the outcome is known, which may be many ticks later.

use wask_model::messages::alarms as messages;
use wask_model::{Alarm, AlarmSchedule, DeleteAfterFire, Disabled, DisabledKind, Timestamp};

use super::arming::{after_last_tick, automatic, next_tick, re_armed, switched_off};
use super::dates::date;
use super::settings::AlarmSettings;

/// How firing the trigger for one tick ended, after all attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FireOutcome {
    /// Accepted, even if no rule was active.
    Fired,
    /// Answered with a 4xx other than 408, 409 and 429.
    Refused(u16),
    /// Every attempt was answered 429.
    Throttled,
    /// Every attempt failed, and not all of them by 429.
    Dropped,
}

/// One claimed tick of an alarm, and how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickOutcome {
    pub due: Timestamp,
    pub outcome: FireOutcome,
}

/// The alarm once its tick at `due` is claimed: one fire fewer, and due at the first tick that is still to come; ticks
/// between `due` and `now` are skipped.
pub fn advance(alarm: &Alarm, due: Timestamp, settings: &AlarmSettings, now: Timestamp) -> Alarm {
    let fires_left = alarm.fires_left.map(|left| left.saturating_sub(1));
    let fired = Alarm { fires_left, last_fire: Some(due), ..alarm.clone() };
    match next_tick(&fired, settings, due.max(now)) {
        Ok(next) => Alarm { next_fire: Some(next), ..fired },
        Err(exhausted) => switched_off(&fired, automatic(exhausted.after_firing(&alarm.schedule), None), now),
    }
}

/// The alarm once the outcome of a tick is known. A tick that failed gives its fire back. An alarm that was switched on
/// again since the tick was due is not held responsible for it, and what its owner or an administrator disabled stays as
/// it is.
pub fn after_fire(alarm: &Alarm, tick: TickOutcome, settings: &AlarmSettings, now: Timestamp) -> Alarm {
    let switched_on_since = alarm.status.active && tick.due < alarm.status.date_changed;
    if tick.outcome == FireOutcome::Fired || switched_on_since {
        return alarm.clone();
    }
    let refunded = Alarm { fires_left: one_more(alarm), ..alarm.clone() };
    match tick.outcome {
        FireOutcome::Fired => refunded,
        FireOutcome::Refused(status) => disabled(&refunded, messages::disabled_on_fire(status), status, now),
        FireOutcome::Throttled => disabled(&refunded, messages::DISABLED_THROTTLED.to_owned(), 429, now),
        FireOutcome::Dropped if was_the_last_fire(alarm) => match re_armed(&refunded, settings, now) {
            on if on.status.active => on,
            _ => switched_off(&refunded, automatic(after_last_tick(&alarm.schedule), None), now),
        },
        FireOutcome::Dropped => refunded,
    }
}

/// What is to be removed now that the single fire of an alarm has had its outcome; a refused fire removes nothing, so that
/// the owner can read why. `None`: nothing, or the alarm was switched on again.
pub fn to_remove(alarm: &Alarm, outcome: FireOutcome) -> Option<DeleteAfterFire> {
    match (&alarm.schedule, outcome) {
        (AlarmSchedule::Alarm { .. } | AlarmSchedule::Interval { .. }, _) | (_, FireOutcome::Refused(_)) => None,
        (
            AlarmSchedule::Once { delete_after_fire, .. },
            FireOutcome::Fired | FireOutcome::Throttled | FireOutcome::Dropped,
        ) => delete_after_fire.filter(|remove| *remove != DeleteAfterFire::False && !alarm.status.active),
    }
}

/// The alarm when the server starts: ticks missed while it was down are skipped, except for a single fire that is not too
/// late, and an alarm that can never fire again is disabled.
pub fn rearm_on_start(alarm: &Alarm, settings: &AlarmSettings, now: Timestamp) -> Alarm {
    if !alarm.status.active || fires_late(alarm, settings, now) {
        return alarm.clone();
    }
    match next_tick(alarm, settings, now) {
        Ok(next) => Alarm { next_fire: Some(next), ..alarm.clone() },
        Err(exhausted) => switched_off(alarm, automatic(exhausted.on_start(), None), now),
    }
}

/// Whether this is a single fire that was missed by no more than the grace.
fn fires_late(alarm: &Alarm, settings: &AlarmSettings, now: Timestamp) -> bool {
    match &alarm.schedule {
        AlarmSchedule::Alarm { .. } | AlarmSchedule::Interval { .. } => false,
        AlarmSchedule::Once { date: due, .. } => {
            date(due).is_some_and(|due| due <= now && now.since(due) <= settings.once_grace())
        }
    }
}

/// The alarm when looking up its trigger at the server's start was answered with a 4xx other than 408, 409 and 429.
pub fn disabled_by_lookup(alarm: &Alarm, status_code: u16, now: Timestamp) -> Alarm {
    disabled(alarm, messages::disabled_on_lookup(status_code), status_code, now)
}

fn disabled(alarm: &Alarm, message: String, status_code: u16, now: Timestamp) -> Alarm {
    match alarm.status.reason.as_ref().map(|reason| reason.kind) {
        Some(DisabledKind::User | DisabledKind::Admin) => alarm.clone(),
        Some(DisabledKind::Auto) | None => switched_off(alarm, automatic(message, Some(status_code)), now),
    }
}

fn one_more(alarm: &Alarm) -> Option<u64> {
    let allowed = alarm.fires_allowed?;
    alarm.fires_left.map(|left| allowed.min(left + 1))
}

/// Whether claiming its last fire is what disabled it.
fn was_the_last_fire(alarm: &Alarm) -> bool {
    matches!(&alarm.status.reason, Some(Disabled { kind: DisabledKind::Auto, message, .. })
        if message == messages::DISABLED_MAX_TRIGGERS)
}
