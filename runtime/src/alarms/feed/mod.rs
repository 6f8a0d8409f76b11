//! The life of an alarm: how the calls of its feed and its own ticks change it. All functions are pure: stored alarms
//! go in and come out, and the time is an argument. Using the store, authorising the caller and firing the trigger are
//! not here. feeds.md §A.
//!
//! ```text
//!            create, update, unpause              rearm_on_start, advance
//! (nothing) ────────────────────────▶ active ──┐  the next tick
//!                ▲                    │    ▲───┘
//!                │ update, unpause    │ pause (USER) · no tick left, after_fire refused (AUTO)
//!                └───────────────── disabled
//! ```

mod request;
mod settings;

mod dates;
mod parameters;
mod rules;

mod no_next_tick;
mod ticks;

mod arming;
mod document;

mod catch_up;
mod firing;
mod retry;

#[cfg(test)]
mod firing_tests;
#[cfg(test)]
mod other_feeds_tests;
#[cfg(test)]
mod policy_tests;
#[cfg(test)]
mod tests;

use wask_model::messages::alarms as messages;
use wask_model::{Alarm, AlarmStatus, Arguments, DisabledKind, DisabledReason, Message, Timestamp};

use no_next_tick::NoNextTick;
use parameters::{Feed, Policies};
use rules::GivenSchedule;

pub use catch_up::not_fired;
pub use dates::iso_date;
pub use document::{read, success};
pub use firing::{
    ClaimedTick, FireOutcome, FireWhen, PreviousTick, TickClaim, TickOutcome, advance, after_fire, disabled_by_lookup,
    rearm_on_start, to_remove,
};
pub use request::{FeedError, FeedRequest, LifecycleEvent};
pub use retry::{Answer, AttemptDecision, Attempts, after_attempt};
pub use settings::AlarmSettings;
pub use ticks::next_tick;

/// The alarm that a CREATE asks for, which replaces any other of the trigger. The rules are checked in the order of
/// feeds.md §A.4; authorising the caller and counting its alarms come afterwards.
pub fn create(request: &FeedRequest, settings: &AlarmSettings, now: Timestamp) -> Result<Alarm, FeedError> {
    let args = request.args;
    let feed = Feed::called(args);
    rules::check_required(feed, args)?;
    let given = GivenSchedule::read(feed, args, settings, now)?.with_default_start(feed, now);
    given.check_stop_after_start(None)?;

    let allowed = match feed {
        Feed::Alarm => parameters::max_triggers(args),
        Feed::Interval | Feed::Once => None,
    };
    let alarm = Alarm {
        trigger: request.trigger.clone(),
        schedule: given.on_its_own(feed)?,
        payload: parameters::bounded_payload(args, settings.payload_bytes)?,
        strict: parameters::strict(args, settings.default_strict).unwrap_or(settings.default_strict.into()),
        catch_up: None,
        overlap: None,
        going: Vec::new(),
        waiting: None,
        fires_allowed: allowed,
        fires_left: allowed,
        next_fire: None,
        last_fire: None,
        status: AlarmStatus { active: true, date_changed: now, reason: None },
    };
    let Ok(next) = next_tick(&alarm, settings, now) else {
        return Err(Message::from(messages::FIRST_FIRE_AFTER_STOP).into());
    };
    let Policies { catch_up, overlap } = Policies::read(feed, args)?;
    Ok(arming::switched_on(&Alarm { catch_up, overlap, ..alarm }, next, now))
}

/// The alarm after an UPDATE: with the given parameters, and active again. If only the stored stop date prevents a next
/// tick, the call succeeds and the alarm is disabled at once. feeds.md §A.5.
pub fn update(alarm: &Alarm, args: &Arguments, settings: &AlarmSettings, now: Timestamp) -> Result<Alarm, FeedError> {
    refuse_if_disabled_by_admin(alarm)?;
    let given = GivenSchedule::read(Feed::from_schedule(&alarm.schedule), args, settings, now)?;
    given.check_against(&alarm.schedule)?;
    let strict = match Feed::from_schedule(&alarm.schedule) {
        Feed::Alarm => parameters::strict(args, settings.default_strict),
        Feed::Interval | Feed::Once => None,
    };
    let given_payload = parameters::given(args, "trigger_payload");
    let payload = given_payload.map(|_| parameters::bounded_payload(args, settings.payload_bytes)).transpose()?;
    let policies = Policies::read(Feed::from_schedule(&alarm.schedule), args)?;
    let reschedules = !given.is_empty();
    if !reschedules && strict.is_none() && payload.is_none() && policies.is_empty() {
        return Err(Message::from(messages::NOTHING_TO_UPDATE).into());
    }

    let updated = Alarm {
        schedule: given.over(&alarm.schedule),
        payload: payload.unwrap_or_else(|| alarm.payload.clone()),
        strict: strict.unwrap_or_else(|| alarm.strict.clone()),
        catch_up: policies.catch_up.or(alarm.catch_up),
        overlap: policies.overlap.or(alarm.overlap),
        fires_left: alarm.fires_left.filter(|&left| left > 0).or(alarm.fires_allowed),
        ..alarm.clone()
    };
    match next_tick(&updated, settings, now) {
        Err(NoNextTick::NoTickBeforeStop) if reschedules && Feed::from_schedule(&updated.schedule) == Feed::Alarm => {
            Err(Message::from(messages::FIRST_FIRE_AFTER_STOP).into())
        }
        Ok(_) | Err(_) => Ok(arming::re_armed(&updated, settings, now)),
    }
}

/// The alarm, disabled by its owner. A waiting tick is dropped. Idempotent, and never lifts a suspension by an
/// administrator. feeds.md §A.6.
pub fn pause(alarm: &Alarm, now: Timestamp) -> Alarm {
    match alarm.status.reason.as_ref().map(|reason| reason.kind) {
        Some(DisabledKind::User | DisabledKind::Admin) => alarm.clone(),
        Some(DisabledKind::Auto) | None => {
            let reason = DisabledReason {
                kind: DisabledKind::User,
                status_code: None,
                message: messages::PAUSED_BY_USER.to_owned(),
            };
            Alarm { waiting: None, ..arming::switched_off(alarm, reason, now) }
        }
    }
}

/// The alarm, active and due at its next tick after now: the ticks that it missed are not fired late. Idempotent. An
/// alarm without a next tick is disabled again at once. `Err`: an administrator disabled it. feeds.md §A.6.
pub fn unpause(alarm: &Alarm, settings: &AlarmSettings, now: Timestamp) -> Result<Alarm, FeedError> {
    refuse_if_disabled_by_admin(alarm)?;
    Ok(resumed(alarm, settings, now))
}

/// Like [`unpause`], even if an administrator disabled the alarm.
pub fn resumed(alarm: &Alarm, settings: &AlarmSettings, now: Timestamp) -> Alarm {
    if alarm.status.active { alarm.clone() } else { arming::re_armed(alarm, settings, now) }
}

fn refuse_if_disabled_by_admin(alarm: &Alarm) -> Result<(), Message> {
    match &alarm.status.reason {
        Some(DisabledReason { kind: DisabledKind::Admin, .. }) => Err(messages::disabled_by_admin(&alarm.trigger.name)),
        Some(_) | None => Ok(()),
    }
}

/// The next ticks of the alarm, at most `count`. Empty while it is disabled.
pub fn upcoming(alarm: &Alarm, settings: &AlarmSettings, count: usize) -> Vec<Timestamp> {
    let left = alarm.fires_left.map_or(count, |left| count.min(usize::try_from(left).unwrap_or(count)));
    let due = |&tick: &Timestamp| next_tick(alarm, settings, tick).ok();
    std::iter::successors(alarm.next_fire, due).take(left).collect()
}
