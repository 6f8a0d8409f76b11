//! The operator's settings for alarms.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wask_model::setting::{OutOfRange, check_ranges};

use crate::alarms::schedule::Dialect;

/// The section `alarms` of the configuration. feeds.md §0.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlarmSettings {
    /// The most seconds by which minutely ticks of alarms that are not strict are spread. 0 to 59. Default 0: not at
    /// all.
    pub delay_limit_seconds: u32,
    /// Whether an alarm whose owner does not say is strict, which means that it fires on second 0. Default false.
    pub default_strict: bool,
    /// Whether patterns finer than a minute are refused. Default false.
    pub limit_cron_fields: bool,
    /// How months and weekdays are numbered: `crontab` or `node-cron`. Default `crontab`.
    pub cron_dialect: Dialect,
    /// How many alarms, active and disabled, a namespace may own. Default 200.
    pub max_per_namespace: u32,
    /// How many bytes the payload of one alarm may have. Default 64 KiB.
    pub payload_bytes: u64,
    /// How many claimed ticks of a namespace may wait to fire; further ones are recorded as missed. Default 2000: all
    /// alarms of a namespace catch up with `catch_up_ticks`.
    pub waiting_ticks: u64,
    /// How many seconds late a single tick may still fire after a restart. Default 300.
    pub once_grace_seconds: u32,
    /// The most missed ticks that an alarm with `catchUp: all` fires late. Default 10.
    pub catch_up_ticks: u32,
    /// How many past ticks of an alarm are kept. Default 100.
    pub history_ticks: u32,
    /// How many days past ticks are kept. Default 30.
    pub history_days: u32,
    /// Attempts at a tick after the first one. Default 10.
    pub retry_attempts: u32,
    /// The least milliseconds between two attempts. Default 1000.
    pub retry_delay_ms: u64,
}

impl Default for AlarmSettings {
    fn default() -> Self {
        AlarmSettings {
            delay_limit_seconds: 0,
            default_strict: false,
            limit_cron_fields: false,
            cron_dialect: Dialect::Crontab,
            max_per_namespace: 200,
            payload_bytes: 64 << 10,
            waiting_ticks: 2000,
            once_grace_seconds: 300,
            catch_up_ticks: 10,
            history_ticks: 100,
            history_days: 30,
            retry_attempts: 10,
            retry_delay_ms: 1000,
        }
    }
}

impl AlarmSettings {
    /// `Err` is the first setting outside its range.
    pub fn check(&self) -> Result<(), OutOfRange> {
        check_ranges([
            ("delay_limit_seconds", self.delay_limit_seconds.into(), 0..=59), // what fits into a minute
            ("waiting_ticks", self.waiting_ticks, 1..=1_000_000),
            ("catch_up_ticks", self.catch_up_ticks.into(), 1..=1000),
            ("history_ticks", self.history_ticks.into(), 1..=10_000),
            ("history_days", self.history_days.into(), 1..=u64::MAX),
        ])
    }

    pub fn once_grace(&self) -> Duration {
        Duration::from_secs(self.once_grace_seconds.into())
    }

    pub fn retry_delay(&self) -> Duration {
        Duration::from_millis(self.retry_delay_ms)
    }
}
