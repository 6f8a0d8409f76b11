//! One field of a cron pattern as a set of values: a comma list of `*`, `*/s`, `a`, `a-b`, `a/s` and `a-b/s`. Nothing
//! outside this grammar is accepted. feeds.md §A.8.

use serde::{Deserialize, Serialize};

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// How months and weekdays are numbered. Names mean the same in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// Months 1 to 12; weekdays 0 to 7, where 0 and 7 are Sunday.
    #[default]
    Crontab,
    /// Months 0 to 11; weekdays 0 to 6.
    NodeCron,
}

/// The values that one field may take.
#[derive(Clone, Copy)]
pub(super) struct Unit {
    low: u32,
    high: u32,
    /// The names of the values, beginning with `low`.
    names: &'static [&'static str],
}

impl Unit {
    pub(super) const SIXTIETHS: Unit = Unit { low: 0, high: 59, names: &[] };
    pub(super) const HOURS: Unit = Unit { low: 0, high: 23, names: &[] };
    pub(super) const DAYS: Unit = Unit { low: 1, high: 31, names: &[] };

    pub(super) fn months(dialect: Dialect) -> Unit {
        match dialect {
            Dialect::Crontab => Unit { low: 1, high: 12, names: &MONTHS },
            Dialect::NodeCron => Unit { low: 0, high: 11, names: &MONTHS },
        }
    }

    pub(super) fn weekdays(dialect: Dialect) -> Unit {
        match dialect {
            Dialect::Crontab => Unit { low: 0, high: 7, names: &WEEKDAYS },
            Dialect::NodeCron => Unit { low: 0, high: 6, names: &WEEKDAYS },
        }
    }

    fn value(self, text: &str) -> Option<u32> {
        let named = || self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let value = match number(text) {
            Some(value) => value,
            None => self.low + u32::try_from(named()?).ok()?,
        };
        (self.low..=self.high).contains(&value).then_some(value)
    }
}

/// The values of a field; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Values(u64);

impl Values {
    /// `None`: the text is not in the grammar, or a value is out of range.
    pub(super) fn parse(text: &str, unit: Unit) -> Option<Self> {
        text.split(',').try_fold(Values(0), |all, item| Some(Values(all.0 | Self::item(item, unit)?.0)))
    }

    /// The seconds of a pattern with five fields.
    pub(super) fn zero() -> Self {
        Values(1)
    }

    fn item(text: &str, unit: Unit) -> Option<Self> {
        let (span, step) = match text.split_once('/') {
            None => (text, None),
            Some((span, step)) => (span, Some(number(step).filter(|&step| step >= 1)?)),
        };
        let (first, last) = match (span, span.split_once('-'), step) {
            ("*", _, _) => (unit.low, unit.high),
            (_, Some((first, last)), _) => (unit.value(first)?, unit.value(last)?),
            (_, None, Some(_)) => (unit.value(span)?, unit.high),
            (_, None, None) => (unit.value(span)?, unit.value(span)?),
        };
        let step = usize::try_from(step.unwrap_or(1)).ok()?;
        (first <= last).then(|| Self::collect((first..=last).step_by(step)))
    }

    fn collect(values: impl Iterator<Item = u32>) -> Self {
        Values(values.fold(0, |all, value| all | 1 << value))
    }

    pub(super) fn iter(self) -> impl Iterator<Item = u32> {
        (0..64).filter(move |value| self.0 >> value & 1 == 1)
    }

    /// The set of the values that `number` maps these to.
    pub(super) fn renumbered(self, number: impl Fn(u32) -> u32) -> Self {
        Self::collect(self.iter().map(number))
    }

    pub(super) fn covers(self, count: u32) -> bool {
        self.0.count_ones() == count
    }
}

/// A number in digits only, without sign or blanks.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests;
