//! Settings of callbacks.

use serde::{Deserialize, Serialize};
use wask_model::{CallbackDefaults, RetryMode};

/// Every one is a setting below `callbacks.`; the first five are what a namespace or a request may set otherwise.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallbackConfig {
    pub retry_mode: RetryMode,
    pub retry_interval_seconds: u32,
    /// Attempts after the first.
    pub max_retries: u32,
    /// Whether `http://` is refused.
    pub https_only: bool,
    /// Of one whole attempt.
    pub timeout_ms: u32,
    /// Attempts under way at a time to one host and port.
    pub concurrent_per_site: u32,
    /// How long callbacks that are over are kept.
    pub retention_days: u32,
    /// Bytes of those that a namespace keeps; its oldest go first.
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
    /// What holds where nobody says otherwise.
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
