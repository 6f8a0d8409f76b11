//! Ticks that nobody fired in time: which of them are made up for, and what is told of the others.

use wask_model::{Alarm, CatchUp, PastTick, TickEnd, TickOrigin, Timestamp};

use super::arming::NoNextTick;
use super::settings::AlarmSettings;
use super::ticks::Ticks;

/// Missed ticks that are told of one by one; the last of them stands for all that follow.
const ONE_BY_ONE: usize = 20;

/// Where an alarm goes on, and what it leaves out on the way.
pub struct Continuation {
    /// Not later than now if ticks are made up for.
    pub next: Result<Timestamp, NoNextTick>,
    pub missed: Vec<PastTick>,
}

/// Goes on behind the tick at `after`. What is still pending at `now` is made up for as the alarm asks, but never when
/// its stop date is past; `reason` says why the rest was missed.
pub fn go_on(alarm: &Alarm, after: Timestamp, reason: &str, settings: &AlarmSettings, now: Timestamp) -> Continuation {
    let nothing_missed = |next| Continuation { next, missed: Vec::new() };
    let ticks = match Ticks::new(alarm, settings) {
        Ok(ticks) => ticks,
        Err(exhausted) => return nothing_missed(Err(exhausted)),
    };
    let first = match ticks.after(after) {
        Ok(first) if first <= now => first,
        to_come => return nothing_missed(to_come),
    };
    let to_come = ticks.after(now);
    let next = match (alarm.catch_up.unwrap_or_default(), to_come) {
        (_, Err(NoNextTick::StopDateExpired)) => Err(NoNextTick::StopDateExpired),
        (CatchUp::None, to_come) => to_come,
        (CatchUp::Last, _) => Ok(ticks.last_until(first, now)),
        (CatchUp::All, _) => Ok(ticks.earliest_of_last(settings.catch_up_ticks, first, now)),
    };
    let last_missed = next.as_ref().map_or(now, |next| now.min(Timestamp::from_millis(next.millis() - 1)));
    Continuation { next, missed: told(&ticks, (first, last_missed), reason, now) }
}

fn told(ticks: &Ticks, (first, until): (Timestamp, Timestamp), reason: &str, now: Timestamp) -> Vec<PastTick> {
    let mut told: Vec<PastTick> = Vec::new();
    for due in ticks.from(first, until) {
        if told.len() == ONE_BY_ONE {
            if let Some(last) = told.last_mut() {
                last.through = Some(ticks.last_until(due, until));
            }
            break;
        }
        told.push(missed(due, reason, now));
    }
    told
}

/// A tick that was not fired in time.
pub fn missed(due: Timestamp, reason: &str, now: Timestamp) -> PastTick {
    not_fired(due, TickEnd::Missed, reason, now)
}

/// A tick that was not fired.
pub fn not_fired(due: Timestamp, end: TickEnd, reason: &str, now: Timestamp) -> PastTick {
    let reason = Some(reason.to_owned());
    PastTick { due, through: None, origin: TickOrigin::Clock, end, at: now, reason, activation: None }
}
