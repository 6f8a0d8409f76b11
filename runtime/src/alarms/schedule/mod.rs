//! Schedules: the next tick after a given time. All functions are pure, and the time is an argument. Creating, changing
//! and ending alarms is not here. feeds.md §A.8, §A.9.

mod field;
mod pattern;
mod spreading;
mod zone;

#[cfg(test)]
mod dst_tests;
#[cfg(test)]
mod oracle_tests;
#[cfg(test)]
mod tests;

use chrono::DateTime;
use wask_model::{Message, Timestamp, messages};

pub use chrono_tz::Tz;
pub use field::Dialect;
pub use pattern::Pattern;
pub use spreading::spreading_delay;

/// A pattern in a time zone, with every tick moved by the spreading delay.
#[derive(Clone, Debug)]
pub struct Schedule {
    pattern: Pattern,
    zone: Tz,
    delay_ms: i64,
}

impl Schedule {
    pub fn new(pattern: Pattern, zone: Tz) -> Self {
        Schedule { pattern, zone, delay_ms: 0 }
    }

    /// Moves every tick by `seconds`, 0 to 59; see `spreading_delay`.
    #[must_use]
    pub fn delayed_by(self, seconds: u32) -> Self {
        Schedule { delay_ms: i64::from(seconds) * 1000, ..self }
    }

    /// The first tick strictly after `time`. `None`: there is none before the year 2101, where the search ends.
    pub fn next_after(&self, time: Timestamp) -> Option<Timestamp> {
        let undelayed = DateTime::from_timestamp_millis(time.millis().checked_sub(self.delay_ms)?)?;
        let tick = zone::next_tick(&self.pattern, self.zone, undelayed)?;
        Some(Timestamp::from_millis(tick.timestamp_millis() + self.delay_ms))
    }

    /// The first tick at `time` or after it.
    pub fn next_from(&self, time: Timestamp) -> Option<Timestamp> {
        self.next_after(Timestamp::from_millis(time.millis().checked_sub(1)?))
    }
}

/// Finds a time zone by its IANA name, which is case-sensitive. `Err` is the contract's sentence.
pub fn zone_named(name: &str) -> Result<Tz, Message> {
    name.parse().map_err(|_| messages::alarms::TIMEZONE_INVALID.into())
}
