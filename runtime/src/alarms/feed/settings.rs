//! What the operator decides about alarms.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::alarms::schedule::Dialect;

/// The section `alarms` of the configuration. Feeds contract §0.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlarmSettings {
    /// Seconds by which minutely ticks are spread at most, for alarms that are not strict. Default 0: not at all;
    /// at most 59.
    pub delay_limit_seconds: u32,
    /// Whether an alarm is strict, firing on second 0, when its owner does not say. Default false.
    pub default_strict: bool,
    /// Whether patterns finer than a minute are refused. Default false.
    pub limit_cron_fields: bool,
    /// How months and weekdays are numbered: `crontab` or `node-cron`. Default `crontab`.
    pub cron_dialect: Dialect,
    /// Alarms that one namespace may own, active and disabled. Default 200.
    pub max_per_namespace: u32,
    /// Seconds by which a single fire may be late after a restart; later it is not made up for. Default 300.
    pub once_grace_seconds: u32,
    /// Missed ticks that an alarm makes up for at most which makes up for all. Default 10.
    pub catch_up_ticks: u32,
    /// Past ticks that are told of per alarm. Default 100.
    pub history_ticks: u32,
    /// Days for which past ticks are told of. Default 30.
    pub history_days: u32,
    /// Attempts that follow the first failed one of a tick. Default 10.
    pub retry_attempts: u32,
    /// Milliseconds between attempts, at least. Default 1000.
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
    /// To be called at start-up; `Err` names the setting and both numbers.
    pub fn check(&self) -> Result<(), String> {
        match self.delay_limit_seconds {
            0..=59 => Ok(()),
            above => Err(format!("alarms.delay_limit_seconds is {above}, but at most 59 seconds fit into a minute")),
        }
    }

    pub fn once_grace(&self) -> Duration {
        Duration::from_secs(self.once_grace_seconds.into())
    }

    pub fn retry_delay(&self) -> Duration {
        Duration::from_millis(self.retry_delay_ms)
    }
}
