//! What the feeds of `/whisk.system/alarms` say. Feeds contract §A.

use std::fmt::Display;

use crate::Message;

pub const UNSUPPORTED_EVENT: &str = "unsupported lifecycleEvent";
pub const TRIGGER_NAME_MISSING: &str = "no trigger name parameter was provided";
pub const CRON_MISSING: &str = "alarms trigger feed is missing the cron parameter";
pub const MINUTES_MISSING: &str = "interval trigger feed is missing the minutes parameter";
pub const MINUTES_NOT_AN_INTEGER: &str = "the minutes parameter must be an integer";
pub const MINUTES_NOT_POSITIVE: &str = "the minutes parameter must be an integer greater than zero";
pub const DATE_MISSING: &str = "alarms once trigger feed is missing the date parameter";
pub const DELETE_AFTER_FIRE: &str = "deleteAfterFire parameter must be one of [false, true, rules].";
pub const CATCH_UP: &str = "catchUp parameter must be one of [none, last, all].";
pub const OVERLAP: &str = "overlap parameter must be one of [allow, skip, queue-one].";
pub const TIMEZONE_INVALID: &str = "Invalid timezone.";
pub const CRON_FIELDS: &str = "cron pattern is limited to 5 fields with 1 minute as the finest granularity";
pub const FIRST_FIRE_AFTER_STOP: &str = "the first scheduled trigger fire is not until after the stop date";
pub const MAX_TRIGGERS_AND_STOP: &str = "maxTriggers is not allowed when the stopDate parameter is specified";
pub const MAX_TRIGGERS_OF_INTERVAL: &str = "maxTriggers is not supported for the interval trigger feed";
pub const AUTHENTICATION_FAILED: &str = "Trigger authentication request failed.";
pub const NOTHING_TO_UPDATE: &str = "no updatable parameters were specified";
pub const DISABLED_LAST_CRON: &str = "Automatically disabled after firing last scheduled cron trigger";
pub const DISABLED_LAST_INTERVAL: &str = "Automatically disabled after firing last scheduled interval trigger";
pub const DISABLED_AFTER_ONCE: &str = "Automatically disabled after firing once";
pub const DISABLED_MAX_TRIGGERS: &str = "Automatically disabled after reaching max triggers";
pub const DISABLED_THROTTLED: &str =
    "Automatically disabled after continuously receiving a 429 status code when firing the trigger";
pub const PAUSED_BY_USER: &str = "Paused by user";
pub const STOP_DATE_EXPIRED: &str = "the stop date has expired";
pub const NEXT_FIRE_AFTER_STOP: &str = "the next scheduled trigger fire is after the stop date";
pub const ONCE_DATE_EXPIRED: &str = "the fire once date has expired";

// Why a tick did not fire
pub const MISSED_DOWN: &str = "no server was running when it was due";
pub const MISSED_LATE: &str = "the server came to it too late";
pub const SKIPPED_GOING: &str = "what the tick before it had started had not ended";
pub const SKIPPED_ONE_WAITS: &str = "another tick was waiting already";
pub const SKIPPED_WHILE_WAITING: &str = "its alarm was paused or replaced while it waited";

pub fn cron_invalid(cron: impl Display) -> Message {
    format!("cron pattern '{cron}' is not valid").into()
}

pub fn not_a_date(parameter: &str, value: impl Display) -> Message {
    format!("{parameter} parameter '{value}' is not a valid Date").into()
}

pub fn not_in_the_future(parameter: &str, value: impl Display) -> Message {
    format!("{parameter} parameter '{value}' must be in the future").into()
}

pub fn stop_before_start(stop: impl Display, start: impl Display) -> Message {
    format!("stopDate parameter '{stop}' must be greater than the startDate parameter '{start}'").into()
}

pub fn start_after_stop(start: impl Display, stop: impl Display) -> Message {
    format!("startDate parameter '{start}' must be less than the stopDate parameter '{stop}'").into()
}

pub fn too_many(limit: u32) -> Message {
    format!("namespace has reached its limit of {limit} alarm triggers").into()
}

pub fn not_found(trigger: impl Display) -> Message {
    format!("could not find trigger /{trigger} in the database").into()
}

pub fn disabled_by_admin(trigger: impl Display) -> Message {
    format!("{trigger} cannot be updated because it was disabled by an admin.  Please contact support for further assistance").into()
}

pub fn disabled_on_fire(status_code: u16) -> String {
    format!("Trigger automatically disabled: Received a {status_code} status code when firing the trigger")
}

pub fn disabled_on_lookup(status_code: u16) -> String {
    format!("Automatically disabled after receiving a {status_code} status code on trigger initialization")
}

pub fn disabled_on_start(why: &str) -> String {
    format!("Automatically disabled after receiving error on trigger initialization: {why}")
}

pub fn disabled_on_update(why: &str) -> String {
    format!("Automatically disabled after receiving error on trigger creation: {why}")
}
