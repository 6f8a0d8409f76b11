//! How a tick changes its alarm. feeds.md §A.10, §A.12.
//!
//! A tick takes two steps. [`advance`] claims it before the trigger is fired: the alarm moves to its next tick, or is
//! disabled after its last. [`after_fire`] follows when the outcome is known, which may be many ticks later.

use wask_model::messages::alarms as messages;
use wask_model::{
    ActivationId, Alarm, AlarmSchedule, CatchUp, DeleteAfterFire, DisabledKind, DisabledReason, Overlap, PastTick,
    TickEnd, Timestamp,
};

use super::arming::{automatic, re_armed, switched_off};
use super::catch_up::{Continuation, go_on, missed, not_fired};
use super::dates::date;
use super::no_next_tick::after_last_tick;
use super::settings::AlarmSettings;
use super::ticks::next_tick;

/// How a tick ended, after all attempts to fire the trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FireOutcome {
    /// The trigger was fired, even if no rule was active.
    Fired,
    /// An attempt got a 4xx other than 408, 409 and 429.
    Refused(u16),
    /// Every attempt got 429.
    Throttled,
    /// Every attempt failed, not all of them with 429.
    Dropped,
    /// There was no attempt: the alarm dropped the tick while it waited.
    GivenUp,
}

/// One claimed tick of an alarm, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TickOutcome {
    pub due: Timestamp,
    pub outcome: FireOutcome,
    /// The activation of the firing.
    pub event: ActivationId,
    /// The activations of the rules.
    pub started: Vec<ActivationId>,
}

/// The state of what the previous tick started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreviousTick {
    /// All of it has ended, or the alarm allows overlap.
    Ended,
    /// Some of it is queued or running.
    Running,
    /// Another tick already waits for its end.
    OneWaits,
}

/// A tick about to be claimed.
#[derive(Clone, Copy, Debug)]
pub struct TickClaim {
    pub due: Timestamp,
    /// The activation that its firing will have.
    pub event: ActivationId,
    pub before: PreviousTick,
    /// Whether one more tick of the namespace may wait to fire.
    pub room: bool,
}

/// Whether a claimed tick fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FireWhen {
    Now,
    /// When what the previous tick started has ended.
    Later,
    Not,
}

/// A claimed tick: the alarm after it, and the history entries of ticks that are not fired.
#[derive(Debug)]
pub struct ClaimedTick {
    pub alarm: Alarm,
    pub fires: FireWhen,
    pub past: Vec<PastTick>,
}

/// Claims the tick at `claim.due`: the alarm has one firing less, and is due at its next tick after `now`, or at an
/// earlier one that its policy fires late.
pub fn advance(alarm: &Alarm, claim: &TickClaim, settings: &AlarmSettings, now: Timestamp) -> ClaimedTick {
    let (fires, not_fired) = decide(alarm, claim, settings, now);
    let ticked = match fires {
        FireWhen::Now => Alarm { going: remembered(alarm, vec![claim.event]), ..fired(alarm, claim.due) },
        FireWhen::Later => Alarm { waiting: Some(claim.event), ..fired(alarm, claim.due) },
        FireWhen::Not => alarm.clone(),
    };
    let Continuation { next, missed } = go_on(&ticked, claim.due, messages::MISSED_LATE, settings, now);
    let alarm = match next {
        Ok(next) => Alarm { next_fire: Some(next), ..ticked },
        Err(none) => switched_off(&ticked, automatic(none.after_firing(&alarm.schedule), None), now),
    };
    ClaimedTick { alarm, fires, past: not_fired.into_iter().chain(missed).collect() }
}

/// Whether the tick fires, and the history entry if it does not.
fn decide(alarm: &Alarm, claim: &TickClaim, settings: &AlarmSettings, now: Timestamp) -> (FireWhen, Option<PastTick>) {
    let skipped = |why| (FireWhen::Not, Some(not_fired(claim.due, TickEnd::Skipped, why, now)));
    let a_later_one_is_due = || next_tick(alarm, settings, claim.due).is_ok_and(|later| later <= now);
    if alarm.catch_up == Some(CatchUp::Last) && a_later_one_is_due() {
        return (FireWhen::Not, Some(missed(claim.due, messages::MISSED_LATE, now)));
    }
    if !claim.room {
        return (FireWhen::Not, Some(missed(claim.due, messages::MISSED_TOO_MANY_WAIT, now)));
    }
    match (alarm.overlap.unwrap_or_default(), claim.before) {
        (Overlap::Allow, _) | (Overlap::Skip | Overlap::QueueOne, PreviousTick::Ended) => (FireWhen::Now, None),
        (Overlap::QueueOne, PreviousTick::Running) => (FireWhen::Later, None),
        (Overlap::Skip, PreviousTick::Running | PreviousTick::OneWaits) => skipped(messages::SKIPPED_GOING),
        (Overlap::QueueOne, PreviousTick::OneWaits) => skipped(messages::SKIPPED_ONE_WAITS),
    }
}

fn fired(alarm: &Alarm, due: Timestamp) -> Alarm {
    let fires_left = alarm.fires_left.map(|left| left.saturating_sub(1));
    Alarm { fires_left, last_fire: Some(due), ..alarm.clone() }
}

/// The activations of a tick that the alarm remembers.
fn remembered(alarm: &Alarm, started: Vec<ActivationId>) -> Vec<ActivationId> {
    match alarm.overlap.unwrap_or_default() {
        Overlap::Allow => Vec::new(),
        Overlap::Skip | Overlap::QueueOne => started,
    }
}

/// The alarm, with what its tick started, and without the tick among those that wait.
fn with_started(alarm: &Alarm, tick: &TickOutcome) -> Alarm {
    let started = std::iter::once(tick.event).chain(tick.started.iter().copied()).collect();
    let waiting = alarm.waiting.filter(|waiting| *waiting != tick.event);
    Alarm { going: remembered(alarm, started), waiting, ..alarm.clone() }
}

/// The alarm after the outcome of a tick is known. A tick that failed gives its firing back. It does not disable an
/// alarm that was enabled since the tick was due, and keeps the reason of one that its owner or an administrator
/// disabled.
pub fn after_fire(alarm: &Alarm, tick: &TickOutcome, settings: &AlarmSettings, now: Timestamp) -> Alarm {
    let alarm = &with_started(alarm, tick);
    let switched_on_since = alarm.status.active && alarm.status.date_changed > tick.due;
    if tick.outcome == FireOutcome::Fired || switched_on_since {
        return alarm.clone();
    }
    let refunded = Alarm { fires_left: one_firing_more(alarm), ..alarm.clone() };
    match tick.outcome {
        FireOutcome::Fired => refunded,
        FireOutcome::Refused(status) => disabled(&refunded, messages::disabled_on_fire(status), status, now),
        FireOutcome::Throttled => disabled(&refunded, messages::DISABLED_THROTTLED.to_owned(), 429, now),
        FireOutcome::Dropped if was_the_last_fire(alarm) => match re_armed(&refunded, settings, now) {
            on if on.status.active => on,
            _ => switched_off(&refunded, automatic(after_last_tick(&alarm.schedule), None), now),
        },
        FireOutcome::Dropped | FireOutcome::GivenUp => refunded,
    }
}

/// What to remove after the outcome of a single tick. A refused tick removes nothing, so that the owner can read why.
/// `None`: nothing, or the alarm was enabled again.
pub fn to_remove(alarm: &Alarm, outcome: FireOutcome) -> Option<DeleteAfterFire> {
    match (&alarm.schedule, outcome) {
        (AlarmSchedule::Alarm { .. } | AlarmSchedule::Interval { .. }, _)
        | (_, FireOutcome::Refused(_) | FireOutcome::GivenUp) => None,
        (
            AlarmSchedule::Once { delete_after_fire, .. },
            FireOutcome::Fired | FireOutcome::Throttled | FireOutcome::Dropped,
        ) => delete_after_fire.filter(|remove| *remove != DeleteAfterFire::False && !alarm.status.active),
    }
}

/// The alarm when a node starts, and the history entries of the ticks that it missed. Ticks that were due while no node
/// ran are skipped, unless the alarm's policy fires them late. A single tick fires late within the grace. An alarm
/// without a next tick is disabled.
pub fn rearm_on_start(alarm: &Alarm, settings: &AlarmSettings, now: Timestamp) -> (Alarm, Vec<PastTick>) {
    let Some(due) = alarm.next_fire.filter(|_| alarm.status.active && !fires_late(alarm, settings, now)) else {
        return (alarm.clone(), Vec::new());
    };
    // From now, or from before the tick that was due and not fired.
    let after = now.min(Timestamp::from_millis(due.millis() - 1));
    let Continuation { next, missed } = go_on(alarm, after, messages::MISSED_DOWN, settings, now);
    match next {
        Ok(next) => (Alarm { next_fire: Some(next), ..alarm.clone() }, missed),
        Err(none) => (switched_off(alarm, automatic(none.on_start(), None), now), missed),
    }
}

/// Whether the alarm has a single tick that was missed by no more than the grace.
fn fires_late(alarm: &Alarm, settings: &AlarmSettings, now: Timestamp) -> bool {
    match &alarm.schedule {
        AlarmSchedule::Alarm { .. } | AlarmSchedule::Interval { .. } => false,
        AlarmSchedule::Once { date: due, .. } => {
            date(due).is_some_and(|due| due <= now && now.since(due) <= settings.once_grace())
        }
    }
}

/// The alarm after a lookup of its trigger, when a node starts, got a 4xx other than 408, 409 and 429.
pub fn disabled_by_lookup(alarm: &Alarm, status_code: u16, now: Timestamp) -> Alarm {
    disabled(alarm, messages::disabled_on_lookup(status_code), status_code, now)
}

fn disabled(alarm: &Alarm, message: String, status_code: u16, now: Timestamp) -> Alarm {
    match alarm.status.reason.as_ref().map(|reason| reason.kind) {
        Some(DisabledKind::User | DisabledKind::Admin) => alarm.clone(),
        Some(DisabledKind::Auto) | None => switched_off(alarm, automatic(message, Some(status_code)), now),
    }
}

fn one_firing_more(alarm: &Alarm) -> Option<u64> {
    let allowed = alarm.fires_allowed?;
    alarm.fires_left.map(|left| allowed.min(left + 1))
}

/// Whether the alarm was disabled because its last firing was claimed.
fn was_the_last_fire(alarm: &Alarm) -> bool {
    matches!(&alarm.status.reason, Some(DisabledReason { kind: DisabledKind::Auto, message, .. })
        if message == messages::DISABLED_MAX_TRIGGERS)
}
