//! Ranges of settings. Each section of the configuration checks its own.

use std::fmt;
use std::ops::RangeInclusive;

/// The most that a setting may ask of what is counted in memory: connections, queued writes, jobs of a batch.
pub const MILLION: u64 = 1_000_000;

/// A setting whose value is outside its range. Displayed, it is the range: `must be from 1 to 64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange {
    /// The setting's name within its section.
    pub setting: &'static str,
    /// The value it has.
    pub value: u64,
    /// The smallest value allowed.
    pub least: u64,
    /// The largest value allowed.
    pub most: u64,
}

impl OutOfRange {
    /// The bound that the value violates: `at least 1`, `at most 64`.
    pub fn bound(&self) -> String {
        if self.value < self.least { format!("at least {}", self.least) } else { format!("at most {}", self.most) }
    }
}

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.most == u64::MAX {
            write!(f, "must be at least {}", self.least)
        } else {
            write!(f, "must be from {} to {}", self.least, self.most)
        }
    }
}

/// Checks settings of one section, in this order; `Err` is the first one outside its range.
pub fn check_ranges<const N: usize>(settings: [(&'static str, u64, RangeInclusive<u64>); N]) -> Result<(), OutOfRange> {
    match settings.into_iter().find(|(_, value, range)| !range.contains(value)) {
        Some((setting, value, range)) => Err(OutOfRange { setting, value, least: *range.start(), most: *range.end() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_setting_outside_its_range_is_named_with_its_range() {
        for (value, range, text, bound) in [
            (0, 1..=64, "must be from 1 to 64", "at least 1"),
            (65, 1..=64, "must be from 1 to 64", "at most 64"),
            (0, 1..=u64::MAX, "must be at least 1", "at least 1"),
        ] {
            let refused = check_ranges([("good", 1, 1..=1), ("bad", value, range), ("worse", 9, 1..=1)]).unwrap_err();
            assert_eq!((refused.setting, refused.to_string().as_str(), refused.bound().as_str()), ("bad", text, bound));
        }
        assert_eq!(check_ranges([("least", 1, 1..=64), ("most", 64, 1..=64)]), Ok(()));
    }
}
