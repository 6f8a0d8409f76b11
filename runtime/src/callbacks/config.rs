//! Settings of callbacks.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use wask_model::setting::{MILLION, OutOfRange, check_ranges};
use wask_model::{CallbackDefaults, CallbackRetry, CallbackRetryMode, Subscription};

/// Settings below `callbacks.`. A namespace or a request may override the first five.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallbackConfig {
    pub retry_mode: CallbackRetryMode,
    pub retry_interval_seconds: u32,
    /// Attempts after the first.
    pub max_retries: u32,
    /// Whether `http://` is refused.
    pub https_only: bool,
    /// How long one attempt may take.
    pub timeout_ms: u32,
    /// How many attempts to one host and port are made at a time.
    pub concurrent_per_site: u32,
    /// How long ended callbacks are kept.
    pub retention_days: u32,
    /// How many bytes of ended callbacks a namespace keeps; the oldest go first.
    pub retention_bytes: u64,
}

impl Default for CallbackConfig {
    fn default() -> Self {
        let CallbackDefaults { retry_mode, retry_interval_seconds, max_retries, https_only, timeout_ms } =
            CallbackDefaults::default();
        CallbackConfig {
            retry_mode,
            retry_interval_seconds,
            max_retries,
            https_only,
            timeout_ms,
            concurrent_per_site: 8,
            retention_days: 7,
            retention_bytes: 256 << 20,
        }
    }
}

impl CallbackConfig {
    /// `Err` is the first setting outside its range.
    pub fn check(&self) -> Result<(), OutOfRange> {
        let range = |of: RangeInclusive<u32>| u64::from(*of.start())..=u64::from(*of.end());
        check_ranges([
            ("retry_interval_seconds", self.retry_interval_seconds.into(), range(CallbackRetry::INTERVAL_SECONDS)),
            ("max_retries", self.max_retries.into(), range(CallbackRetry::MAX_RETRIES)),
            ("timeout_ms", self.timeout_ms.into(), range(Subscription::TIMEOUT_MS)),
            ("concurrent_per_site", self.concurrent_per_site.into(), 1..=MILLION),
            ("retention_days", self.retention_days.into(), 1..=u64::MAX),
        ])
    }

    /// The values that apply unless a namespace or a request overrides them.
    pub fn defaults(&self) -> CallbackDefaults {
        CallbackDefaults {
            retry_mode: self.retry_mode,
            retry_interval_seconds: self.retry_interval_seconds,
            max_retries: self.max_retries,
            https_only: self.https_only,
            timeout_ms: self.timeout_ms,
        }
    }
}
