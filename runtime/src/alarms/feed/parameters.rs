//! The parameters of a feed call, by the rules of the feeds contract §A.3.

use serde_json::{Value, json};
use wask_model::messages::alarms as messages;
use wask_model::{Arguments, CatchUp, DeleteAfterFire, Message, Overlap, truthy};

use super::rules::Feed;

/// The most minutes between two fires: integers beyond it are not told apart by every client.
const MOST_MINUTES: u64 = (1 << 53) - 1;

/// What was said for `key`; values that count as nothing (`""`, 0, null, false) were not said.
pub fn given<'a>(args: &'a Arguments, key: &str) -> Option<&'a Value> {
    args.get(key).filter(|value| truthy(value))
}

/// A value as it stands in a sentence: texts without quotes, the rest as JSON.
pub fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What the trigger is fired with: always an object. A text is not taken for JSON.
pub fn payload(args: &Arguments) -> Value {
    match given(args, "trigger_payload") {
        None => json!({}),
        Some(object @ Value::Object(_)) => object.clone(),
        Some(other) => json!({ "payload": other }),
    }
}

/// What was said for `strict`, in the form it was said; null and `""` ask for the server's default. `None`: nothing.
pub fn strict(args: &Arguments, default: bool) -> Option<Value> {
    match args.get("strict")? {
        Value::Null => Some(default.into()),
        Value::String(text) if text.is_empty() => Some(default.into()),
        said => Some(said.clone()),
    }
}

/// The boolean that `strict` stands for. `None`: neither a boolean nor the word for one, so the server's default holds.
pub fn strictness(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(strict) => Some(*strict),
        Value::String(word) if word.eq_ignore_ascii_case("true") => Some(true),
        Value::String(word) if word.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// How often the alarm may fire. `None`: without limit, which is also what 0, a negative number and anything but an
/// integer say.
pub fn max_triggers(args: &Arguments) -> Option<u64> {
    let number = match args.get("maxTriggers")? {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => {
            let whole = |float: &f64| float.fract() == 0.0;
            number.as_u64().or_else(|| number.as_f64().filter(whole).map(|float| float as u64))
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    number.filter(|&limit| 0 < limit)
}

/// What was said about ticks that come late or too early; a single fire has neither.
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

/// One of a few words, exactly. `None`: not said; `Err`: something else was.
fn word<T: serde::de::DeserializeOwned>(args: &Arguments, key: &str) -> Result<Option<T>, ()> {
    given(args, key).map(|said| serde_json::from_value(said.clone()).map_err(|_| ())).transpose()
}

/// Whole minutes between fires: an integer, or a text of one. `None`: not said.
pub fn minutes(args: &Arguments) -> Result<Option<u64>, Message> {
    let Some(said) = given(args, "minutes") else { return Ok(None) };
    let whole = match said {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => {
            let whole = |float: &f64| float.fract() == 0.0 && float.abs() <= MOST_MINUTES as f64;
            number.as_i64().or_else(|| number.as_f64().filter(whole).map(|float| float as i64))
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    match whole {
        Some(minutes) if minutes.unsigned_abs() <= MOST_MINUTES => match u64::try_from(minutes) {
            Ok(minutes) if 0 < minutes => Ok(Some(minutes)),
            Ok(_) | Err(_) => Err(messages::MINUTES_NOT_POSITIVE.into()),
        },
        Some(_) | None => Err(messages::MINUTES_NOT_AN_INTEGER.into()),
    }
}

/// What to remove after the fire; a boolean or one of three words. `None`: not said.
pub fn delete_after_fire(args: &Arguments) -> Result<Option<DeleteAfterFire>, Message> {
    let Some(said) = given(args, "deleteAfterFire") else { return Ok(None) };
    match as_text(said).trim().to_lowercase().as_str() {
        "false" => Ok(Some(DeleteAfterFire::False)),
        "true" => Ok(Some(DeleteAfterFire::True)),
        "rules" => Ok(Some(DeleteAfterFire::Rules)),
        _ => Err(messages::DELETE_AFTER_FIRE.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(key: &str, value: Value) -> Arguments {
        Arguments::from_iter([(key.to_owned(), value)])
    }

    #[test]
    fn the_payload_is_always_an_object() {
        for (said, event) in [
            (json!({"a":1}), json!({"a":1})),
            (json!("hi"), json!({"payload":"hi"})),
            (json!("{\"a\":1}"), json!({"payload":"{\"a\":1}"})),
            (json!(7), json!({"payload":7})),
            (json!([]), json!({"payload":[]})),
            (json!(true), json!({"payload":true})),
            (json!(""), json!({})),
            (json!(0), json!({})),
            (json!(false), json!({})),
            (json!(null), json!({})),
        ] {
            assert_eq!(payload(&args("trigger_payload", said.clone())), event, "{said}");
        }
        assert_eq!(payload(&Arguments::new()), json!({}));
    }

    #[test]
    fn a_limit_on_fires_is_a_positive_integer_and_the_rest_is_none() {
        for (said, limit) in [
            (json!(3), Some(3)),
            (json!(3.0), Some(3)),
            (json!("3"), Some(3)),
            (json!(0), None),
            (json!(-1), None),
            (json!("-1"), None),
            (json!(2.5), None),
            (json!("many"), None),
            (json!(null), None),
        ] {
            assert_eq!(max_triggers(&args("maxTriggers", said.clone())), limit, "{said}");
        }
    }

    #[test]
    fn strictness_is_a_boolean_or_the_word_for_one() {
        for (said, strict) in [
            (json!(true), Some(true)),
            (json!("TRUE"), Some(true)),
            (json!("False"), Some(false)),
            (json!("yes"), None),
            (json!(1), None),
        ] {
            assert_eq!(strictness(&said), strict, "{said}");
        }
    }

    #[test]
    fn minutes_are_a_positive_integer_or_the_text_of_one() {
        for (said, minutes) in [
            (json!(5), Some(5)),
            (json!(5.0), Some(5)),
            (json!("5"), Some(5)),
            (json!(" 5\n"), Some(5)),
            (json!(0), None),
            (json!(""), None),
            (json!(false), None),
        ] {
            assert_eq!(super::minutes(&args("minutes", said.clone())), Ok(minutes), "{said}");
        }
        for said in
            [json!(2.5), json!("five"), json!("1e1"), json!("5.0"), json!(" "), json!(true), json!([5]), json!(1e300)]
        {
            let refused = super::minutes(&args("minutes", said.clone())).unwrap_err();
            assert_eq!(refused, "the minutes parameter must be an integer", "{said}");
        }
        for said in [json!(-3), json!("0"), json!("-1")] {
            let refused = super::minutes(&args("minutes", said.clone())).unwrap_err();
            assert_eq!(refused, "the minutes parameter must be an integer greater than zero", "{said}");
        }
    }
}
