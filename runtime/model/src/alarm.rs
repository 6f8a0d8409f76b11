//! A trigger fired by the clock: the stored side. The rules of time are `alarms::schedule`'s.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ActivationId, FullName, Timestamp};

/// One feed record of `/whisk.system/alarms`. Feeds contract §A.3, A.7.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    pub trigger: FullName,
    pub schedule: AlarmSchedule,
    /// What the trigger is fired with: always an object.
    pub payload: Value,
    /// Whether to fire on second 0: a boolean or the text that was given for one, because READ returns it so.
    pub strict: Value,
    /// `None`: not said, which is [`CatchUp::None`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up: Option<CatchUp>,
    /// `None`: not said, which is [`Overlap::Allow`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Overlap>,
    /// Unless overlap is allowed: what the last fired tick started, its event and the activations of its rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub going: Vec<ActivationId>,
    /// The event of the tick that waits until those have ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<ActivationId>,
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

/// What is made up for of the ticks that nobody fired in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CatchUp {
    #[default]
    None,
    /// The latest of them.
    Last,
    /// All of them, or the latest so many.
    All,
}

/// What a tick does while an activation that the tick before it started is queued or running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    /// It fires.
    #[default]
    Allow,
    /// It does not.
    Skip,
    /// It waits for their end; the next ones do not fire as long as one waits.
    QueueOne,
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
    pub reason: Option<DisabledReason>,
}

/// Why an alarm is off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DisabledReason {
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

/// What became of one due time of an alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PastTick {
    pub due: Timestamp,
    /// `Some`: this stands for every tick from `due` to here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<Timestamp>,
    pub origin: TickOrigin,
    pub end: TickEnd,
    /// When that was decided; for a fired one, when it fired.
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<ActivationId>,
}

/// Who made a tick due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TickOrigin {
    Clock,
    /// Somebody who wanted one now.
    Hand,
}

impl TickOrigin {
    pub fn as_str(self) -> &'static str {
        match self {
            TickOrigin::Clock => "clock",
            TickOrigin::Hand => "hand",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TickEnd {
    /// The trigger accepted it, even if no rule was active.
    Fired,
    /// The trigger did not, after all attempts.
    Failed,
    /// The alarm's own policy left it out.
    Skipped,
    /// Nobody was there to fire it in time.
    Missed,
}
