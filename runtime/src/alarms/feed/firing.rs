//! What firing does to an alarm. Feeds contract §A.10, A.12.
//!
//! A tick takes two steps. [`advance`] claims it: the alarm moves on to its next tick, or is disabled after its last,
//! before the trigger is fired. [`after_fire`] follows when the outcome is known, which may be many ticks later.

use wask_model::messages::alarms as messages;
use wask_model::{
    ActivationId, Alarm, AlarmSchedule, CatchUp, DeleteAfterFire, DisabledKind, DisabledReason, Overlap, PastTick,
    TickEnd, Timestamp,
};

use super::arming::{after_last_tick, automatic, re_armed, switched_off};
use super::catch_up::{Continuation, go_on, missed, not_fired};
use super::dates::date;
use super::settings::AlarmSettings;
use super::ticks::next_tick;

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
    /// Not tried: the alarm did not want it any more when its turn came.
    GivenUp,
}

/// One claimed tick of an alarm, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TickOutcome {
    pub due: Timestamp,
    pub outcome: FireOutcome,
    pub event: ActivationId,
    /// The activations of the rules.
    pub started: Vec<ActivationId>,
}

/// What was fired last, as far as the alarm's overlap policy asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreviousTick {
    /// All of it has ended, or nobody asks.
    Ended,
    Going,
    /// A tick waits for its end.
    OneWaits,
}

/// A tick about to be claimed.
#[derive(Clone, Copy, Debug)]
pub struct TickClaim {
    pub due: Timestamp,
    /// The event that it is to lead to.
    pub event: ActivationId,
    pub before: PreviousTick,
}

/// Whether a claimed tick fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FireWhen {
    Now,
    /// When what was fired before it has ended.
    Later,
    Not,
}

/// A claimed tick: the alarm as it goes on, and what became of ticks that are not fired.
#[derive(Debug)]
pub struct ClaimedTick {
    pub alarm: Alarm,
    pub fires: FireWhen,
    pub past: Vec<PastTick>,
}

/// Claims the tick at `claim.due`: one fire fewer, and due at the first tick that is still to come, or at one of those
/// between `due` and `now` if the alarm makes up for them.
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
        Err(exhausted) => switched_off(&ticked, automatic(exhausted.after_firing(&alarm.schedule), None), now),
    };
    ClaimedTick { alarm, fires, past: not_fired.into_iter().chain(missed).collect() }
}

fn decide(alarm: &Alarm, claim: &TickClaim, settings: &AlarmSettings, now: Timestamp) -> (FireWhen, Option<PastTick>) {
    let skipped = |why| (FireWhen::Not, Some(not_fired(claim.due, TickEnd::Skipped, why, now)));
    let a_later_one_is_due = || next_tick(alarm, settings, claim.due).is_ok_and(|later| later <= now);
    if alarm.catch_up == Some(CatchUp::Last) && a_later_one_is_due() {
        return (FireWhen::Not, Some(missed(claim.due, messages::MISSED_LATE, now)));
    }
    match (alarm.overlap.unwrap_or_default(), claim.before) {
        (Overlap::Allow, _) | (Overlap::Skip | Overlap::QueueOne, PreviousTick::Ended) => (FireWhen::Now, None),
        (Overlap::QueueOne, PreviousTick::Going) => (FireWhen::Later, None),
        (Overlap::Skip, PreviousTick::Going | PreviousTick::OneWaits) => skipped(messages::SKIPPED_GOING),
        (Overlap::QueueOne, PreviousTick::OneWaits) => skipped(messages::SKIPPED_ONE_WAITS),
    }
}

fn fired(alarm: &Alarm, due: Timestamp) -> Alarm {
    let fires_left = alarm.fires_left.map(|left| left.saturating_sub(1));
    Alarm { fires_left, last_fire: Some(due), ..alarm.clone() }
}

/// What is kept of the activations that a tick started.
fn remembered(alarm: &Alarm, started: Vec<ActivationId>) -> Vec<ActivationId> {
    match alarm.overlap.unwrap_or_default() {
        Overlap::Allow => Vec::new(),
        Overlap::Skip | Overlap::QueueOne => started,
    }
}

/// The alarm that knows what its tick started, and that the tick waits no more.
fn with_started(alarm: &Alarm, tick: &TickOutcome) -> Alarm {
    let started = std::iter::once(tick.event).chain(tick.started.iter().copied()).collect();
    let waiting = alarm.waiting.filter(|waiting| *waiting != tick.event);
    Alarm { going: remembered(alarm, started), waiting, ..alarm.clone() }
}

/// The alarm once the outcome of a tick is known. A tick that failed gives its fire back. An alarm that was switched on
/// again since the tick was due is not held responsible for it, and what its owner or an administrator disabled stays as
/// it is.
pub fn after_fire(alarm: &Alarm, tick: &TickOutcome, settings: &AlarmSettings, now: Timestamp) -> Alarm {
    let alarm = &with_started(alarm, tick);
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
        FireOutcome::Dropped | FireOutcome::GivenUp => refunded,
    }
}

/// What is to be removed now that the single fire of an alarm has had its outcome; a refused fire removes nothing, so that
/// the owner can read why. `None`: nothing, or the alarm was switched on again.
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

/// The alarm when the server starts, and what it missed: ticks that were due while nothing ran are left out unless the
/// alarm makes up for them, a single fire is made up for unless it is too late, and an alarm that can never fire again is
/// disabled.
pub fn rearm_on_start(alarm: &Alarm, settings: &AlarmSettings, now: Timestamp) -> (Alarm, Vec<PastTick>) {
    let Some(due) = alarm.next_fire.filter(|_| alarm.status.active && !fires_late(alarm, settings, now)) else {
        return (alarm.clone(), Vec::new());
    };
    // From now on, or from before the tick that is due and was not fired.
    let behind = now.min(Timestamp::from_millis(due.millis() - 1));
    let Continuation { next, missed } = go_on(alarm, behind, messages::MISSED_DOWN, settings, now);
    match next {
        Ok(next) => (Alarm { next_fire: Some(next), ..alarm.clone() }, missed),
        Err(exhausted) => (switched_off(alarm, automatic(exhausted.on_start(), None), now), missed),
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
    matches!(&alarm.status.reason, Some(DisabledReason { kind: DisabledKind::Auto, message, .. })
        if message == messages::DISABLED_MAX_TRIGGERS)
}
