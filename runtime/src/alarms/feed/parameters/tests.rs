//! Every parameter in the forms that clients send.

use super::*;

fn args(key: &str, value: Value) -> Arguments {
    Arguments::from_iter([(key.to_owned(), value)])
}

#[test]
fn a_payload_is_always_an_object() {
    for (given, event) in [
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
        assert_eq!(payload(&args("trigger_payload", given.clone())), event, "{given}");
    }
    assert_eq!(payload(&Arguments::new()), json!({}));
}

#[test]
fn only_a_positive_integer_limits_the_firings() {
    for (given, limit) in [
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
        assert_eq!(max_triggers(&args("maxTriggers", given.clone())), limit, "{given}");
    }
}

#[test]
fn strictness_is_a_boolean_or_its_word() {
    for (given, strict) in [
        (json!(true), Some(true)),
        (json!("TRUE"), Some(true)),
        (json!("False"), Some(false)),
        (json!("yes"), None),
        (json!(1), None),
    ] {
        assert_eq!(strictness(&given), strict, "{given}");
    }
}

#[test]
fn minutes_are_a_positive_integer_or_a_string_of_one() {
    for (given, minutes) in [
        (json!(5), Some(5)),
        (json!(5.0), Some(5)),
        (json!("5"), Some(5)),
        (json!(" 5\n"), Some(5)),
        (json!(0), None),
        (json!(""), None),
        (json!(false), None),
    ] {
        assert_eq!(super::minutes(&args("minutes", given.clone())), Ok(minutes), "{given}");
    }
    for given in
        [json!(2.5), json!("five"), json!("1e1"), json!("5.0"), json!(" "), json!(true), json!([5]), json!(1e300)]
    {
        let refused = super::minutes(&args("minutes", given.clone())).unwrap_err();
        assert_eq!(refused, "the minutes parameter must be an integer", "{given}");
    }
    for given in [json!(-3), json!("0"), json!("-1")] {
        let refused = super::minutes(&args("minutes", given.clone())).unwrap_err();
        assert_eq!(refused, "the minutes parameter must be an integer greater than zero", "{given}");
    }
}
