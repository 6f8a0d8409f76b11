//! A trigger fired by the clock: the stored side. The rules of time are `alarms::schedule`'s.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{FullName, Timestamp};

/// One feed record of `/whisk.system/alarms`. Feeds contract §A.3, A.7.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    pub trigger: FullName,
    pub schedule: AlarmSchedule,
    /// What the trigger is fired with: always an object.
    pub payload: Value,
    /// Whether to fire on second 0: a boolean or the text that was given for one, because READ returns it so.
    pub strict: Value,
    /// How often it may fire before it disables itself; `None`: unlimited.
    #[serde(default)]
    pub fires_allowed: Option<u64>,
    /// How many of those are left.
    pub fires_left: Option<u64>,
    /// The next due time; `None` while disabled.
    pub next_fire: Option<Timestamp>,
    pub last_fire: Option<Timestamp>,
    pub status: AlarmStatus,
}

/// When an alarm is due. Dates are kept in the form they were given, because READ returns them so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "feed", rename_all = "camelCase")]
pub enum AlarmSchedule {
    #[serde(rename_all = "camelCase")]
    Alarm {
        cron: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timezone: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        start_date: Option<Value>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stop_date: Option<Value>,
    },
    /// Every so many minutes, counted from the start date.
    #[serde(rename_all = "camelCase")]
    Interval {
        minutes: u64,
        start_date: Value,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stop_date: Option<Value>,
    },
    #[serde(rename_all = "camelCase")]
    Once {
        date: Value,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delete_after_fire: Option<DeleteAfterFire>,
    },
}

/// What is removed once a single fire is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeleteAfterFire {
    False,
    /// The alarm and its trigger.
    True,
    /// The alarm, its trigger, and every rule of the trigger.
    Rules,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlarmStatus {
    pub active: bool,
    pub date_changed: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Disabled>,
}

/// Why an alarm is off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Disabled {
    pub kind: DisabledKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum DisabledKind {
    Auto,
    User,
    Admin,
}
