//! Sentences of the feeds of `/whisk.system/alarms`. feeds.md §A.

use std::fmt::Display;

use super::quoted;
use crate::Message;

/// `lifecycleEvent` is missing or not known.
pub const UNSUPPORTED_EVENT: &str = "unsupported lifecycleEvent";
/// `triggerName` is missing.
pub const TRIGGER_NAME_MISSING: &str = "no trigger name parameter was provided";
/// `cron` is missing.
pub const CRON_MISSING: &str = "alarms trigger feed is missing the cron parameter";
/// `minutes` is missing.
pub const MINUTES_MISSING: &str = "interval trigger feed is missing the minutes parameter";
/// `minutes` is not an integer.
pub const MINUTES_NOT_AN_INTEGER: &str = "the minutes parameter must be an integer";
/// `minutes` is negative.
pub const MINUTES_NOT_POSITIVE: &str = "the minutes parameter must be an integer greater than zero";
/// `date` is missing.
pub const DATE_MISSING: &str = "alarms once trigger feed is missing the date parameter";
/// `deleteAfterFire` is not one of its words.
pub const DELETE_AFTER_FIRE: &str = "deleteAfterFire parameter must be one of [false, true, rules].";
/// `catchUp` is not one of its words.
pub const CATCH_UP: &str = "catchUp parameter must be one of [none, last, all].";
/// `overlap` is not one of its words.
pub const OVERLAP: &str = "overlap parameter must be one of [allow, skip, queue-one].";
/// `timezone` is not an IANA name.
pub const TIMEZONE_INVALID: &str = "Invalid timezone.";
/// The pattern is finer than a minute, and the operator or the caller does not allow that.
pub const CRON_FIELDS: &str = "cron pattern is limited to 5 fields with 1 minute as the finest granularity";
/// The alarm would never fire.
pub const FIRST_FIRE_AFTER_STOP: &str = "the first scheduled trigger fire is not until after the stop date";
/// `maxTriggers` and `stopDate` exclude each other.
pub const MAX_TRIGGERS_AND_STOP: &str = "maxTriggers is not allowed when the stopDate parameter is specified";
/// `maxTriggers` for the feed `interval`.
pub const MAX_TRIGGERS_OF_INTERVAL: &str = "maxTriggers is not supported for the interval trigger feed";
/// The caller may not use this trigger, or it does not exist.
pub const AUTHENTICATION_FAILED: &str = "Trigger authentication request failed.";
/// An UPDATE changes nothing.
pub const NOTHING_TO_UPDATE: &str = "no updatable parameters were specified";
/// Why an alarm is disabled: after its last tick, by a pattern.
pub const DISABLED_LAST_CRON: &str = "Automatically disabled after firing last scheduled cron trigger";
/// Why an alarm is disabled: after its last tick, of an interval.
pub const DISABLED_LAST_INTERVAL: &str = "Automatically disabled after firing last scheduled interval trigger";
/// Why an alarm is disabled: after its only tick.
pub const DISABLED_AFTER_ONCE: &str = "Automatically disabled after firing once";
/// Why an alarm is disabled: it has no firings left.
pub const DISABLED_MAX_TRIGGERS: &str = "Automatically disabled after reaching max triggers";
/// Why an alarm is disabled: each attempt of a tick was throttled.
pub const DISABLED_THROTTLED: &str =
    "Automatically disabled after continuously receiving a 429 status code when firing the trigger";
/// Why an alarm is disabled: its owner paused it.
pub const PAUSED_BY_USER: &str = "Paused by user";
/// Why an alarm has no tick left, for [`disabled_on_start`] and [`disabled_on_update`].
pub const STOP_DATE_EXPIRED: &str = "the stop date has expired";
/// Why an alarm has no tick left, for [`disabled_on_start`] and [`disabled_on_update`].
pub const NEXT_FIRE_AFTER_STOP: &str = "the next scheduled trigger fire is after the stop date";
/// Why an alarm has no tick left, for [`disabled_on_start`] and [`disabled_on_update`].
pub const ONCE_DATE_EXPIRED: &str = "the fire once date has expired";

// Why a tick did not fire
/// Why a tick was missed: no node ran.
pub const MISSED_DOWN: &str = "no server was running when it was due";
/// Why a tick was missed: the ticker was late.
pub const MISSED_LATE: &str = "the server got to it too late";
/// Why a tick was not fired: the namespace has too many that wait.
pub const MISSED_TOO_MANY_WAIT: &str = "too many ticks of the namespace were waiting to fire (alarms.waiting_ticks)";
/// Why a tick was skipped: overlap policy `skip`.
pub const SKIPPED_GOING: &str = "what the previous tick had started was still queued or running";
/// Why a tick was skipped: overlap policy `queue-one`.
pub const SKIPPED_ONE_WAITS: &str = "another tick was already waiting";
/// Why a waiting tick was skipped.
pub const SKIPPED_WHILE_WAITING: &str = "its alarm was paused or replaced while it waited";

/// `cron` is not a pattern.
pub fn cron_invalid(cron: impl Display) -> Message {
    format!("cron pattern '{}' is not valid", quoted(cron)).into()
}

/// A date is neither a number nor ISO 8601.
pub fn not_a_date(parameter: &str, value: impl Display) -> Message {
    format!("{parameter} parameter '{}' is not a valid Date", quoted(value)).into()
}

/// A date has passed.
pub fn not_in_the_future(parameter: &str, value: impl Display) -> Message {
    format!("{parameter} parameter '{}' must be in the future", quoted(value)).into()
}

/// The given stop date is not after the start date.
pub fn stop_before_start(stop: impl Display, start: impl Display) -> Message {
    let (stop, start) = (quoted(stop), quoted(start));
    format!("stopDate parameter '{stop}' must be greater than the startDate parameter '{start}'").into()
}

/// The given start date is not before the stored stop date.
pub fn start_after_stop(start: impl Display, stop: impl Display) -> Message {
    let (start, stop) = (quoted(start), quoted(stop));
    format!("startDate parameter '{start}' must be less than the stopDate parameter '{stop}'").into()
}

/// The namespace has `limit` alarms.
pub fn too_many(limit: u32) -> Message {
    format!("namespace has reached its limit of {limit} alarm triggers").into()
}

/// The trigger has no alarm.
pub fn not_found(trigger: impl Display) -> Message {
    format!("could not find trigger /{} in the database", quoted(trigger)).into()
}

/// An administrator disabled the alarm.
pub fn disabled_by_admin(trigger: impl Display) -> Message {
    format!(
        "{} cannot be updated because it was disabled by an admin.  Please contact support for further assistance",
        quoted(trigger)
    )
    .into()
}

/// Why an alarm is disabled: its trigger refused a firing.
pub fn disabled_on_fire(status_code: u16) -> String {
    format!("Trigger automatically disabled: Received a {status_code} status code when firing the trigger")
}

/// Why an alarm is disabled: the node started and did not find its trigger.
pub fn disabled_on_lookup(status_code: u16) -> String {
    format!("Automatically disabled after receiving a {status_code} status code on trigger initialization")
}

/// Why an alarm is disabled: the node started and found no next tick.
pub fn disabled_on_start(why: &str) -> String {
    format!("Automatically disabled after receiving error on trigger initialization: {why}")
}

/// Why an alarm is disabled: it was changed or resumed and has no next tick.
pub fn disabled_on_update(why: &str) -> String {
    format!("Automatically disabled after receiving error on trigger creation: {why}")
}

/// The payload of an alarm has `size` bytes.
pub fn payload_too_large(size: u64, limit: u64) -> Message {
    format!("trigger_payload has {size} bytes, and alarms.payload_bytes allows {limit}").into()
}
