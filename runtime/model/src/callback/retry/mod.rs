//! The schedule of a callback's attempts. feeds.md §C.6.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::fields::{Fields, object, refused, whole_number};
use crate::Failure;
use crate::messages::callbacks as says;

/// How the waits between attempts grow with the number n of failed attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CallbackRetryMode {
    /// The interval.
    #[default]
    Constant,
    /// n times the interval.
    Linear,
    /// n times n times the interval.
    Squared,
}

impl CallbackRetryMode {
    /// Every mode, in the order of its number.
    pub const ALL: [CallbackRetryMode; 3] =
        [CallbackRetryMode::Constant, CallbackRetryMode::Linear, CallbackRetryMode::Squared];

    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            CallbackRetryMode::Constant => "constant",
            CallbackRetryMode::Linear => "linear",
            CallbackRetryMode::Squared => "squared",
        }
    }

    /// Parses its name, or its number in other systems: 0, 1, 2. `None`: anything else.
    pub fn from_value(value: &Value) -> Option<CallbackRetryMode> {
        let numbered = (0_u64..).zip(CallbackRetryMode::ALL);
        let mut named = numbered.filter(|(number, mode)| match value {
            Value::String(text) => text == mode.as_str(),
            Value::Number(given) => given.as_u64() == Some(*number),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
        });
        named.next().map(|(_, mode)| mode)
    }

    pub(super) fn read(path: &str, value: &Value) -> Result<CallbackRetryMode, Failure> {
        let words = CallbackRetryMode::ALL.map(CallbackRetryMode::as_str);
        CallbackRetryMode::from_value(value).ok_or_else(|| refused(says::not_one_of(path, &words)))
    }
}

impl<'de> Deserialize<'de> for CallbackRetryMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        CallbackRetryMode::read("the retry mode", &value).map_err(serde::de::Error::custom)
    }
}

/// How often and when a callback is retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallbackRetry {
    /// How the waits grow.
    pub mode: CallbackRetryMode,
    /// The wait that the mode multiplies, in seconds: 1 to 3600.
    pub interval_seconds: u32,
    /// Attempts after the first: 0 to 20.
    pub max_retries: u32,
}

impl CallbackRetry {
    /// The range of [`interval_seconds`](CallbackRetry::interval_seconds).
    pub const INTERVAL_SECONDS: RangeInclusive<u32> = 1..=3600;
    /// The range of [`max_retries`](CallbackRetry::max_retries).
    pub const MAX_RETRIES: RangeInclusive<u32> = 0..=20;
    /// How long a receiver can put an attempt off by `Retry-After`. The waits of a mode may be longer.
    pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

    /// How long to wait after the end of the last of `failed` attempts. With the `status` 429 or 503, the receiver's
    /// `retry_after` may make the wait longer, never shorter.
    pub fn wait_after(&self, failed: u32, retry_after: Option<Duration>, status: Option<u16>) -> Duration {
        let interval = Duration::from_secs(self.interval_seconds.into());
        let own = match self.mode {
            CallbackRetryMode::Constant => interval,
            CallbackRetryMode::Linear => interval.saturating_mul(failed),
            CallbackRetryMode::Squared => interval.saturating_mul(failed.saturating_mul(failed)),
        };
        match (status, retry_after) {
            (Some(429 | 503), Some(asked)) => own.max(asked.min(CallbackRetry::MAX_RETRY_AFTER)),
            _ => own,
        }
    }
}

/// The members of [`CallbackRetry`] that a request sets; the others are the namespace's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallbackRetryPatch {
    /// See [`CallbackRetry::mode`].
    pub mode: Option<CallbackRetryMode>,
    /// See [`CallbackRetry::interval_seconds`].
    pub interval_seconds: Option<u32>,
    /// See [`CallbackRetry::max_retries`].
    pub max_retries: Option<u32>,
}

impl CallbackRetryPatch {
    /// `base` with the members that are set here.
    pub fn over(self, base: CallbackRetry) -> CallbackRetry {
        CallbackRetry {
            mode: self.mode.unwrap_or(base.mode),
            interval_seconds: self.interval_seconds.unwrap_or(base.interval_seconds),
            max_retries: self.max_retries.unwrap_or(base.max_retries),
        }
    }

    pub(super) fn read(path: &str, value: &Value) -> Result<CallbackRetryPatch, Failure> {
        let fields = Fields::new(path, object(path, value)?, &["mode", "intervalSeconds", "maxRetries"])?;
        Ok(CallbackRetryPatch {
            mode: fields.read("mode", CallbackRetryMode::read)?,
            interval_seconds: fields.read("intervalSeconds", whole_number(CallbackRetry::INTERVAL_SECONDS))?,
            max_retries: fields.read("maxRetries", whole_number(CallbackRetry::MAX_RETRIES))?,
        })
    }
}

#[cfg(test)]
mod tests;
