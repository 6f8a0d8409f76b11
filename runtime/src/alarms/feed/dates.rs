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
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_date_of_any_form_parses() {
        for (text, same) in [
            ("2027", "2027-01-01T00:00:00.000Z"),
            ("2027-03", "2027-03-01T00:00:00.000Z"),
            ("2027-03-04", "2027-03-04T00:00:00.000Z"),
            ("2027-03-04T05:06", "2027-03-04T05:06:00.000Z"),
            ("2027-03-04T05:06Z", "2027-03-04T05:06:00.000Z"),
            ("2027-03-04T05:06:07", "2027-03-04T05:06:07.000Z"),
            ("2027-03-04T05:06:07.089Z", "2027-03-04T05:06:07.089Z"),
            ("2027-03-04T05:06:07.0899999", "2027-03-04T05:06:07.089Z"),
            ("2027-03-04T05:06:07.5+01:30", "2027-03-04T03:36:07.500Z"),
            ("2027-03-04T23:06-05:00", "2027-03-05T04:06:00.000Z"),
            ("2027T12:00Z", "2027-01-01T12:00:00.000Z"),
        ] {
            assert_eq!(date(&json!(text)).unwrap().to_string(), same, "{text}");
        }
        for (value, millis) in
            [(json!(1_798_761_600_000i64), 1_798_761_600_000), (json!(1.5e12), 1_500_000_000_000), (json!(-1), -1)]
        {
            assert_eq!(date(&value), Some(Timestamp::from_millis(millis)), "{value}");
        }
    }

    #[test]
    fn another_text_or_type_is_not_a_date() {
        for text in [
            "",
            "tomorrow",
            "27",
            "20270",
            "1700000000000",
            "2027-1-1",
            "2027-13",
            "2027-02-30",
            "2027-01-01-01",
            "2027-01-01T",
            "2027-01-01Z",
            "2027-01-01T5:06",
            "2027-01-01T05",
            "2027-01-01T24:00",
            "2027-01-01T05:06.5",
            "2027-01-01T05:06:07.",
            "2027-01-01T05:06:60",
            "2027-01-01T05:06:07:08",
            "2027-01-01T05:06+1:00",
            "2027-01-01T05:06+24:00",
            "2027-01-01T05:06+01",
            "2027-01-01 05:06",
            " 2027",
            "+2027",
            "２０２７",
            "2027-01-01T05:06:07.1234567890Z",
            "2027-01-01t05:06z",
            "2027-01-01T05:06:07,5Z",
        ] {
            assert_eq!(date(&json!(text)), None, "{text}");
        }
        for value in [
            json!(1.5),
            json!(1e300),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(true),
            json!(null),
            json!([2027]),
            json!({}),
        ] {
            assert_eq!(date(&value), None, "{value}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_printed_time_reads_back(millis in -62_135_596_800_000i64..253_402_300_800_000) {
            let time = Timestamp::from_millis(millis);
            prop_assert_eq!(iso_date(&time.to_string()), Some(time));
        }

        #[test]
        fn any_text_is_a_date_or_not_without_a_panic(text in "\\PC{0,30}|[0-9TZ:.+-]{0,30}") {
            let _ = iso_date(&text);
        }
    }
}
