//! Ticks that no node fired in time: which of them are fired late, and the history entries of the others.

use wask_model::{Alarm, CatchUp, PastTick, TickEnd, TickOrigin, Timestamp};

use super::no_next_tick::NoNextTick;
use super::settings::AlarmSettings;
use super::ticks::Ticks;

/// How many missed ticks get an entry each. The last entry also covers all that follow.
const MOST_ENTRIES: usize = 20;

/// Where an alarm goes on, and the ticks that it leaves out.
pub struct Continuation {
    /// The next tick. It is not later than now if missed ticks are fired late.
    pub next: Result<Timestamp, NoNextTick>,
    /// The entries of the ticks that are not fired.
    pub missed: Vec<PastTick>,
}

/// Goes on after the tick at `after`. Ticks that are pending at `now` are fired late as the alarm's policy says, but
/// never after its stop date. `reason` says why the others were missed.
pub fn go_on(alarm: &Alarm, after: Timestamp, reason: &str, settings: &AlarmSettings, now: Timestamp) -> Continuation {
    let nothing_missed = |next| Continuation { next, missed: Vec::new() };
    let ticks = match Ticks::new(alarm, settings) {
        Ok(ticks) => ticks,
        Err(none) => return nothing_missed(Err(none)),
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
    Continuation { next, missed: entries(&ticks, (first, last_missed), reason, now) }
}

/// The history entries of the missed ticks from `first` to `until`.
fn entries(ticks: &Ticks, (first, until): (Timestamp, Timestamp), reason: &str, now: Timestamp) -> Vec<PastTick> {
    let mut entries: Vec<PastTick> = Vec::new();
    for due in ticks.from(first, until) {
        if entries.len() == MOST_ENTRIES {
            if let Some(last) = entries.last_mut() {
                last.through = Some(ticks.last_until(due, until));
            }
            break;
        }
        entries.push(missed(due, reason, now));
    }
    entries
}

/// The entry of a tick that was not fired in time.
pub fn missed(due: Timestamp, reason: &str, now: Timestamp) -> PastTick {
    not_fired(due, TickEnd::Missed, reason, now)
}

/// The entry of a tick that was not fired.
pub fn not_fired(due: Timestamp, end: TickEnd, reason: &str, now: Timestamp) -> PastTick {
    let reason = Some(reason.to_owned());
    PastTick { due, through: None, origin: TickOrigin::Clock, end, at: now, reason, activation: None }
}
