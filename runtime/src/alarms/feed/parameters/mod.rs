//! The parameters of a feed's call, and which feed it is. feeds.md §A.1, §A.3.

use serde_json::{Value, json};
use wask_model::messages::alarms as messages;
use wask_model::{AlarmSchedule, Arguments, CatchUp, DeleteAfterFire, Message, Overlap, truthy};

/// The most minutes between two ticks. Not every client can tell greater integers apart.
const MOST_MINUTES: u64 = (1 << 53) - 1;

/// One of the three feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    Alarm,
    Interval,
    Once,
}

impl Feed {
    /// The feed that is called, which shows in the parameters that the platform binds to it. feeds.md §A.1.
    pub fn called(args: &Arguments) -> Self {
        match (given(args, "fireOnce"), given(args, "isInterval")) {
            (Some(_), _) => Feed::Once,
            (None, Some(_)) => Feed::Interval,
            (None, None) => Feed::Alarm,
        }
    }

    /// The feed that made this schedule.
    pub fn from_schedule(schedule: &AlarmSchedule) -> Self {
        match schedule {
            AlarmSchedule::Alarm { .. } => Feed::Alarm,
            AlarmSchedule::Interval { .. } => Feed::Interval,
            AlarmSchedule::Once { .. } => Feed::Once,
        }
    }
}

/// The value of `key`. Values that count as missing (`""`, 0, null, false) are `None`.
pub fn given<'a>(args: &'a Arguments, key: &str) -> Option<&'a Value> {
    args.get(key).filter(|value| truthy(value))
}

/// A value in a sentence: strings without quotes, others as JSON.
pub fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The payload of each firing, always an object. A string is not parsed as JSON.
pub fn payload(args: &Arguments) -> Value {
    match given(args, "trigger_payload") {
        None => json!({}),
        Some(object @ Value::Object(_)) => object.clone(),
        Some(other) => json!({ "payload": other }),
    }
}

/// The payload, if it is not larger than `limit` bytes of JSON.
pub fn bounded_payload(args: &Arguments, limit: u64) -> Result<Value, Message> {
    let payload = payload(args);
    let size = payload.to_string().len() as u64;
    if size > limit { Err(messages::payload_too_large(size, limit)) } else { Ok(payload) }
}

/// The value of `strict` as it was given; null and `""` mean the server's default. `None`: it is missing.
pub fn strict(args: &Arguments, default: bool) -> Option<Value> {
    match args.get("strict")? {
        Value::Null => Some(default.into()),
        Value::String(text) if text.is_empty() => Some(default.into()),
        given => Some(given.clone()),
    }
}

/// The boolean that a value of `strict` means. `None`: neither a boolean nor its word, so the server's default applies.
pub fn strictness(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(strict) => Some(*strict),
        Value::String(word) if word.eq_ignore_ascii_case("true") => Some(true),
        Value::String(word) if word.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// How many times the alarm may fire. `None`: without limit, which 0, negative numbers and anything but an integer also
/// mean.
pub fn max_triggers(args: &Arguments) -> Option<u64> {
    let number = match args.get("maxTriggers")? {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => {
            let whole = |float: &f64| float.fract() == 0.0;
            number.as_u64().or_else(|| number.as_f64().filter(whole).map(|float| float as u64))
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    number.filter(|&limit| limit > 0)
}

/// The policies for ticks that come late or too early. A single tick has none.
#[derive(Default)]
pub struct Policies {
    pub catch_up: Option<CatchUp>,
    pub overlap: Option<Overlap>,
}

impl Policies {
    pub fn read(feed: Feed, args: &Arguments) -> Result<Self, Message> {
        match feed {
            Feed::Once => Ok(Policies::default()),
            Feed::Alarm | Feed::Interval => Ok(Policies {
                catch_up: word(args, "catchUp").map_err(|()| messages::CATCH_UP)?,
                overlap: word(args, "overlap").map_err(|()| messages::OVERLAP)?,
            }),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.catch_up.is_none() && self.overlap.is_none()
    }
}

/// One of a few words. `None`: it is missing. `Err`: it is something else.
fn word<T: serde::de::DeserializeOwned>(args: &Arguments, key: &str) -> Result<Option<T>, ()> {
    given(args, key).map(|value| serde_json::from_value(value.clone()).map_err(|_| ())).transpose()
}

/// Whole minutes between two ticks: an integer, or a string of one. `None`: they are missing.
pub fn minutes(args: &Arguments) -> Result<Option<u64>, Message> {
    let Some(value) = given(args, "minutes") else { return Ok(None) };
    let whole = match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => {
            let whole = |float: &f64| float.fract() == 0.0 && float.abs() <= MOST_MINUTES as f64;
            number.as_i64().or_else(|| number.as_f64().filter(whole).map(|float| float as i64))
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    match whole {
        Some(minutes) if minutes.unsigned_abs() <= MOST_MINUTES => match u64::try_from(minutes) {
            Ok(minutes) if minutes > 0 => Ok(Some(minutes)),
            Ok(_) | Err(_) => Err(messages::MINUTES_NOT_POSITIVE.into()),
        },
        Some(_) | None => Err(messages::MINUTES_NOT_AN_INTEGER.into()),
    }
}

/// What to remove after a single firing: a boolean or one of three words. `None`: it is missing.
pub fn delete_after_fire(args: &Arguments) -> Result<Option<DeleteAfterFire>, Message> {
    let Some(value) = given(args, "deleteAfterFire") else { return Ok(None) };
    match as_text(value).trim().to_lowercase().as_str() {
        "false" => Ok(Some(DeleteAfterFire::False)),
        "true" => Ok(Some(DeleteAfterFire::True)),
        "rules" => Ok(Some(DeleteAfterFire::Rules)),
        _ => Err(messages::DELETE_AFTER_FIRE.into()),
    }
}

#[cfg(test)]
mod tests;
