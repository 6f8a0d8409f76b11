//! Settings of callbacks.

use serde::{Deserialize, Serialize};
use wask_model::{CallbackDefaults, CallbackRetryMode};

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
