//! Dates as users write them: milliseconds since the epoch, or ISO 8601. feeds.md §A.3.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use serde_json::Value;
use wask_model::Timestamp;

/// How far from the epoch a date may be, in milliseconds: 100 million days, as in ECMAScript.
const FARTHEST_MS: i64 = 8_640_000_000_000_000;

/// Parses a date. `None`: not a date.
pub fn date(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(_) => millis(value).map(Timestamp::from_millis),
        Value::String(text) => iso_date(text),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// An integer, which may be written like `1.5e12`.
fn millis(value: &Value) -> Option<i64> {
    let whole = |float: &f64| float.fract() == 0.0 && float.abs() <= FARTHEST_MS as f64;
    let millis = value.as_i64().or_else(|| value.as_f64().filter(whole).map(|float| float as i64))?;
    (-FARTHEST_MS..=FARTHEST_MS).contains(&millis).then_some(millis)
}

/// Parses `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, optionally with `THH:mm[:ss[.f]]` and `Z` or `±HH:mm`; without either of
/// these it is UTC. Digits beyond milliseconds are dropped. `None`: anything else.
pub fn iso_date(text: &str) -> Option<Timestamp> {
    if !text.is_ascii() {
        return None;
    }
    let (local, ahead) = match text.split_once('T') {
        None => (calendar_day(text)?.and_time(NaiveTime::MIN), TimeDelta::zero()),
        Some((day, rest)) => {
            let (time, ahead) = offset(rest)?;
            (NaiveDateTime::new(calendar_day(day)?, time_of_day(time)?), ahead)
        }
    };
    Some(local.checked_sub_signed(ahead)?.and_utc().into())
}

fn calendar_day(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = parts.next().map_or(Some(1), |month| digits(month, 2))?;
    let day = parts.next().map_or(Some(1), |day| digits(day, 2))?;
    match parts.next() {
        None => NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day),
        Some(_) => None,
    }
}

/// Splits a time and its offset: the time, and how far it is ahead of UTC.
fn offset(text: &str) -> Option<(&str, TimeDelta)> {
    if let Some(time) = text.strip_suffix('Z') {
        return Some((time, TimeDelta::zero()));
    }
    let Some(sign) = text.find(['+', '-']) else { return Some((text, TimeDelta::zero())) };
    let (hours, minutes) = text[sign + 1..].split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let ahead = TimeDelta::minutes(i64::from(hours * 60 + minutes));
    Some((&text[..sign], if text[sign..].starts_with('-') { -ahead } else { ahead }))
}

fn time_of_day(text: &str) -> Option<NaiveTime> {
    let (text, millis) = match text.split_once('.') {
        None => (text, 0),
        Some((time, fraction)) => (time, millis_of(fraction)?),
    };
    let mut parts = text.split(':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let second = match (parts.next(), millis) {
        (None, 0) => 0,
        (None, _) => return None,
        (Some(second), _) => digits(second, 2)?,
    };
    match parts.next() {
        None => NaiveTime::from_hms_milli_opt(hour, minute, second, millis),
        Some(_) => None,
    }
}

/// The milliseconds of 1 to 9 digits after the point.
fn millis_of(fraction: &str) -> Option<u32> {
    let all = digits(fraction, fraction.len()).filter(|_| (1..=9).contains(&fraction.len()))?;
    Some((u64::from(all) * 1000 / 10u64.pow(u32::try_from(fraction.len()).ok()?)) as u32)
}

fn digits(text: &str, count: usize) -> Option<u32> {
    let only_digits = text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    only_digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests;
