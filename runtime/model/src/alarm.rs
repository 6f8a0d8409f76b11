//! Alarms as they are stored: triggers that the clock fires. The rules of time are not here.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ActivationId, FullName, Timestamp};

/// One alarm of a feed of `/whisk.system/alarms`. feeds.md §A.3, §A.7.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// The trigger that it fires. A trigger has at most one alarm.
    pub trigger: FullName,
    /// When it is due.
    pub schedule: AlarmSchedule,
    /// The payload of every firing: an object. Null where a store keeps it apart from the rest.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub payload: Value,
    /// Whether to fire on second 0: a boolean, or the text that was given for one, because READ returns what was given.
    pub strict: Value,
    /// `None`: not given, which means [`CatchUp::None`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up: Option<CatchUp>,
    /// `None`: not given, which means [`Overlap::Allow`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Overlap>,
    /// What the last fired tick started: its firing and the activations of the rules. Empty if overlap is allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub going: Vec<ActivationId>,
    /// The firing of the tick that waits until those have ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<ActivationId>,
    /// How many times it may fire before it disables itself. `None`: unlimited.
    #[serde(default)]
    pub fires_allowed: Option<u64>,
    /// How many of those firings are left.
    pub fires_left: Option<u64>,
    /// The next due time. `None`: it is disabled.
    pub next_fire: Option<Timestamp>,
    /// The due time of the last fired tick.
    pub last_fire: Option<Timestamp>,
    /// Whether it is active.
    pub status: AlarmStatus,
}

/// When an alarm is due. Dates keep the form in which they were given, because READ returns them that way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "feed", rename_all = "camelCase")]
pub enum AlarmSchedule {
    /// By a cron pattern: the feed `alarm`.
    #[serde(rename_all = "camelCase")]
    Alarm {
        /// Five or six fields. feeds.md §A.8.
        cron: String,
        /// An IANA name. `None`: UTC.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timezone: Option<String>,
        /// No tick comes before it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        start_date: Option<Value>,
        /// No tick comes after it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stop_date: Option<Value>,
    },
    /// At equal distances: the feed `interval`.
    #[serde(rename_all = "camelCase")]
    Interval {
        /// Minutes between two ticks.
        minutes: u64,
        /// The first tick.
        start_date: Value,
        /// No tick comes after it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stop_date: Option<Value>,
    },
    /// A single time: the feed `once`.
    #[serde(rename_all = "camelCase")]
    Once {
        /// The only tick.
        date: Value,
        /// What to delete afterwards. `None`: not given, which means nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delete_after_fire: Option<DeleteAfterFire>,
    },
}

/// Which of the ticks that were not fired in time are fired late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CatchUp {
    /// No tick.
    #[default]
    None,
    /// The latest.
    Last,
    /// All, up to the latest `alarms.catch_up_ticks`.
    All,
}

/// What a tick does while something that the tick before it started is queued or running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    /// It fires.
    #[default]
    Allow,
    /// It does not fire.
    Skip,
    /// It waits. While it does, further ticks do not fire.
    QueueOne,
}

/// What to delete after a single firing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeleteAfterFire {
    /// Nothing.
    False,
    /// The alarm and its trigger.
    True,
    /// The alarm, its trigger, and every rule of the trigger.
    Rules,
}

/// Whether an alarm is active, since when, and why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlarmStatus {
    /// Whether it fires.
    pub active: bool,
    /// When it was last created, changed, enabled or disabled.
    pub date_changed: Timestamp,
    /// Why it is disabled. `None` while it is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DisabledReason>,
}

/// Why an alarm is disabled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DisabledReason {
    /// Who disabled it.
    pub kind: DisabledKind,
    /// The HTTP status that a failed firing or lookup would have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// A sentence for its owner.
    pub message: String,
}

/// Who disabled an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum DisabledKind {
    /// The server, because the alarm failed or has no tick left.
    Auto,
    /// Its owner, who can enable it again.
    User,
    /// An administrator. The owner cannot enable it.
    Admin,
}

/// What happened to one tick of an alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PastTick {
    /// When it was due.
    pub due: Timestamp,
    /// `Some`: this entry is about every tick from `due` to this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<Timestamp>,
    /// Who made it due.
    pub origin: TickOrigin,
    /// How it ended.
    pub end: TickEnd,
    /// When it ended; for a fired one, when it fired.
    pub at: Timestamp,
    /// Why it did not fire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The activation of the firing. `None`: it did not fire, or no rule was active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<ActivationId>,
}

/// Who made a tick due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TickOrigin {
    /// The alarm's schedule.
    Clock,
    /// The alarm's owner, who asked for a firing now.
    Hand,
}

impl TickOrigin {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            TickOrigin::Clock => "clock",
            TickOrigin::Hand => "hand",
        }
    }
}

/// How a tick ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TickEnd {
    /// The trigger was fired, even if no rule was active.
    Fired,
    /// The trigger could not be fired in any attempt.
    Failed,
    /// The alarm's overlap policy left it out, or the alarm was paused while it waited.
    Skipped,
    /// No node fired it in time.
    Missed,
}
