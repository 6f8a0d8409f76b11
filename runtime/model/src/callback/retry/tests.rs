//! Waits by mode and by the receiver's wish, and parsing a mode.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn every(interval_seconds: u32, mode: CallbackRetryMode) -> CallbackRetry {
    CallbackRetry { mode, interval_seconds, max_retries: 5 }
}

#[test]
fn five_waits_follow_the_table_of_the_contract() {
    for (mode, waits) in [
        (CallbackRetryMode::Constant, [30, 30, 30, 30, 30]),
        (CallbackRetryMode::Linear, [30, 60, 90, 120, 150]),
        (CallbackRetryMode::Squared, [30, 120, 270, 480, 750]),
    ] {
        let found = [1, 2, 3, 4, 5].map(|failed| every(30, mode).wait_after(failed, None, Some(500)).as_secs());
        assert_eq!(found, waits, "{mode:?}");
    }
}

#[test]
fn a_receiver_that_asks_for_more_time_gets_it_up_to_an_hour() {
    let (one, day) = (Duration::from_secs(1), Duration::from_secs(86_400));
    let retry = every(30, CallbackRetryMode::Constant);
    for (status, asked, wait) in [
        (Some(429), Some(Duration::from_secs(45)), 45),
        (Some(503), Some(Duration::from_secs(45)), 45),
        (Some(503), Some(one), 30),
        (Some(503), Some(day), 3600),
        (Some(503), None, 30),
        (Some(500), Some(day), 30),
        (None, Some(day), 30),
    ] {
        assert_eq!(retry.wait_after(1, asked, status).as_secs(), wait, "{status:?} {asked:?}");
    }
    // A receiver that asks for one second is not called earlier than it would have been.
    assert_eq!(every(3600, CallbackRetryMode::Squared).wait_after(2, Some(one), Some(429)).as_secs(), 14_400);
}

#[test]
fn a_mode_is_read_by_its_word_and_its_number() {
    for (number, mode) in (0_u64..).zip(CallbackRetryMode::ALL) {
        assert_eq!(CallbackRetryMode::from_value(&json!(number)), Some(mode));
        assert_eq!(CallbackRetryMode::from_value(&json!(mode.as_str())), Some(mode));
        assert_eq!(serde_json::from_value::<CallbackRetryMode>(serde_json::to_value(mode).unwrap()).unwrap(), mode);
    }
    for wrong in [json!(3), json!(-1), json!(1.5), json!("1"), json!("Linear"), json!(null), json!([]), json!(true)] {
        assert_eq!(CallbackRetryMode::from_value(&wrong), None, "{wrong}");
    }
}

proptest! {
    #[test]
    fn a_wait_never_shrinks_and_never_overflows(
        number in 0..3_usize, interval: u32, failed: u32, asked: Option<u64>, status: Option<u16>,
    ) {
        let retry = every(interval, CallbackRetryMode::ALL[number]);
        let asked = asked.map(Duration::from_secs);
        let wait = retry.wait_after(failed, asked, status);
        prop_assert!(wait <= retry.wait_after(failed.saturating_add(1), asked, status));
        prop_assert!(retry.wait_after(failed, None, status) <= wait);
    }

    #[test]
    fn no_allowed_series_waits_longer_than_its_square(
        number in 0..3_usize, interval in CallbackRetry::INTERVAL_SECONDS, failed in 1..=20_u32, asked: Option<u64>,
    ) {
        let asked = asked.map(Duration::from_secs);
        let wait = every(interval, CallbackRetryMode::ALL[number]).wait_after(failed, asked, Some(503));
        prop_assert!(wait.as_secs() <= u64::from((interval * failed * failed).max(3600)));
    }
}
