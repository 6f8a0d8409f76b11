//! Waits of a policy, the outcomes that it retries, and refusals.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn read(stated: Value) -> Result<RetryPolicy, String> {
    let annotations = Annotations::default().with(keys::RETRY, stated);
    RetryPolicy::from_annotations(&annotations)
        .map(|policy| policy.expect("the annotation is there"))
        .map_err(|e| e.to_string())
}

fn waits(stated: Value) -> Vec<u64> {
    let policy = read(stated).unwrap();
    let next = |failed| policy.next(failed, Status::DeveloperError, 0.0).map(|wait| wait.as_millis() as u64);
    (1..).map_while(next).collect()
}

#[test]
fn waits_grow_with_the_backoff_until_the_attempts_are_used_up() {
    let with = |backoff: &str| json!({ "attempts": 5, "delayMs": 100, "backoff": backoff });
    assert_eq!(waits(with("constant")), [100, 100, 100, 100]);
    assert_eq!(waits(with("linear")), [100, 200, 300, 400]);
    assert_eq!(waits(with("squared")), [100, 400, 900, 1600]);
    assert_eq!(waits(with("exponential")), [100, 200, 400, 800]);
    assert_eq!(waits(json!({})), [1000, 1000]);
    assert_eq!(waits(json!({ "attempts": 1 })), [0; 0]);
    let long = waits(json!({ "attempts": 20, "delayMs": 3_600_000, "backoff": "exponential" }));
    assert_eq!(long.last(), Some(&86_400_000), "never more than a day");
}

#[test]
fn only_the_named_outcomes_are_retried() {
    let policy = read(json!({ "on": ["whisk internal error"] })).unwrap();
    assert!(policy.next(1, Status::WhiskError, 0.0).is_some());
    assert_eq!(policy.next(1, Status::ApplicationError, 0.0), None);
    let all = read(json!({})).unwrap();
    assert_eq!(Status::ALL.map(|status| all.retries(status)), [false, true, true, true]);
    assert_eq!(RetryPolicy::from_annotations(&Annotations::default()).unwrap(), None);
}

#[test]
fn a_refusal_names_the_member_its_value_and_what_it_may_be() {
    for (stated, sentence) in [
        (json!(3), "annotation 'retry' must be an object, not 3"),
        (json!({ "attempts": 21 }), "annotation 'retry': attempts must be an integer from 1 to 20, not 21"),
        (json!({ "attempts": "3" }), "annotation 'retry': attempts must be an integer from 1 to 20, not \"3\""),
        (json!({ "delayMs": -1 }), "annotation 'retry': delayMs must be an integer from 0 to 3600000, not -1"),
        (
            json!({ "backoff": "cubic" }),
            "annotation 'retry': backoff must be one of constant, linear, squared, exponential, not \"cubic\"",
        ),
        (json!({ "jitter": 1.5 }), "annotation 'retry': jitter must be a number from 0 to 1, not 1.5"),
        (
            json!({ "on": ["success"] }),
            "annotation 'retry': on must be one of application error, action developer error, whisk internal error, \
             not \"success\"",
        ),
        (
            json!({ "on": [] }),
            "annotation 'retry': on must be one of application error, action developer error, whisk internal error, \
             not []",
        ),
        (
            json!({ "tries": 1 }),
            "annotation 'retry': tries is not a known member; the members are attempts, delayMs, backoff, jitter, on",
        ),
    ] {
        let refused = read(stated).unwrap_err();
        assert_eq!(refused, format!("The request content was malformed:\n{sentence}"));
    }
}

proptest! {
    #[test]
    fn chance_shortens_a_wait_by_at_most_the_jitter(
        failed in 1..30_u32, jitter in 0.0..=1.0_f64, chance in 0.0..=1.0_f64,
    ) {
        let with = |jitter| RetryPolicy { attempts: 30, jitter, ..read(json!({ "backoff": "squared" })).unwrap() };
        let (whole, cut) = (with(0.0).next(failed, Status::WhiskError, chance), with(jitter).next(failed, Status::WhiskError, chance));
        let (Some(whole), Some(cut)) = (whole, cut) else { return Ok(()) };
        prop_assert!(cut <= whole && whole.mul_f64(1.0 - jitter) <= cut + Duration::from_millis(1));
    }
}
