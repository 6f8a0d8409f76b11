//! Series of attempts until they end, and restarting and cancelling a callback.

use serde_json::json;

use super::*;
use crate::callback::tests::{attempt, callback_for, callback_of_the_contract};

const NOW: Timestamp = Timestamp::from_millis(1_750_000_100_000);

#[test]
fn without_a_response_a_series_has_the_first_attempt_and_all_retries() {
    let mut callback = callback_of_the_contract();
    let mut waits = Vec::new();
    while let Some(next) =
        callback.record_attempt(attempt(callback.next_attempt(), Some(AttemptError::ConnectFailure)), None)
    {
        waits.push(next.since(callback.updated).as_secs());
    }
    assert_eq!(waits, [30, 120, 270, 480, 750]);
    assert_eq!((callback.failed_attempts, callback.end), (6, Some(CallbackEnd::Failed)));
    assert_eq!(callback.attempts.iter().map(|attempt| attempt.n).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn success_or_a_forbidden_address_ends_a_series_at_once() {
    for (error, end, failed) in
        [(None, CallbackEnd::Delivered, 0), (Some(AttemptError::SsrfBlocked), CallbackEnd::Blocked, 1)]
    {
        let mut callback = callback_of_the_contract();
        assert_eq!(callback.record_attempt(attempt(1, error), None), None);
        assert_eq!((callback.end, callback.failed_attempts), (Some(end), failed));
    }
}

#[test]
fn the_wait_of_a_receiver_counts_from_the_end_of_the_attempt() {
    let mut callback = callback_of_the_contract();
    let failed = attempt(1, Some(AttemptError::HttpStatus));
    let next = callback.record_attempt(failed, Some(Duration::from_secs(90))).unwrap();
    assert_eq!(next.millis(), 1_750_000_092_000);
}

#[test]
fn without_retries_the_first_failure_is_the_last() {
    let mut callback = callback_for(&json!({"http": {"url": "https://a.example"}, "retry": {"maxRetries": 0}}));
    assert_eq!(callback.record_attempt(attempt(1, Some(AttemptError::Timeout)), None), None);
    assert_eq!(callback.end, Some(CallbackEnd::Failed));
}

#[test]
fn a_restart_counts_from_one_again_and_keeps_the_newest_attempts() {
    let mut callback = callback_for(&json!({"http": {"url": "https://a.example"}, "retry": {"maxRetries": 20}}));
    for series in 0..2 {
        assert_eq!(callback.next_attempt(), 1, "{series}");
        while callback.end.is_none() {
            callback.record_attempt(attempt(callback.next_attempt(), Some(AttemptError::DnsFailure)), None);
        }
        assert_eq!(callback.attempts.iter().map(|attempt| attempt.n).collect::<Vec<_>>(), (1..=21).collect::<Vec<_>>());
        callback.restart(NOW).unwrap();
        assert_eq!((callback.end, callback.failed_attempts, callback.updated), (None, 0, NOW));
    }
    callback.record_attempt(attempt(1, None), None);
    let (oldest, newest) = (&callback.attempts[0], &callback.attempts[Callback::ATTEMPTS_KEPT - 1]);
    assert_eq!((callback.attempts.len(), oldest.n, newest.n), (Callback::ATTEMPTS_KEPT, 2, 1));
}

#[test]
fn an_ended_callback_can_be_restarted_and_an_open_one_cancelled() {
    for (end, restarts, cancels) in [
        (None, false, true),
        (Some(CallbackEnd::Delivered), true, false),
        (Some(CallbackEnd::Failed), true, false),
        (Some(CallbackEnd::Blocked), true, false),
        (Some(CallbackEnd::Cancelled), false, false),
    ] {
        let callback = Callback { end, ..callback_of_the_contract() };
        assert_eq!(callback.clone().restart(NOW).is_ok(), restarts, "{end:?}");
        let mut cancelled = callback.clone();
        match cancelled.cancel(NOW) {
            Ok(()) => assert_eq!((cancels, cancelled.end), (true, Some(CallbackEnd::Cancelled))),
            Err(refused) => assert!(!cancels && matches!(refused, Failure::Conflict(_)), "{end:?}"),
        }
    }
}

#[test]
fn a_callback_stays_cancelled_after_a_late_attempt() {
    let mut callback = callback_of_the_contract();
    callback.cancel(NOW).unwrap();
    assert_eq!(callback.record_attempt(attempt(1, None), None), None);
    assert_eq!((callback.end, callback.attempts.len()), (Some(CallbackEnd::Cancelled), 1));
}

#[test]
fn a_state_parses_by_its_name_and_an_end_is_a_state() {
    for state in CallbackState::ALL {
        assert_eq!(CallbackState::read(state.as_str()), Some(state));
        assert_eq!(serde_json::to_value(state).unwrap(), json!(state.as_str()));
        if let Some(end) = state.end() {
            assert_eq!(CallbackState::from(end), state);
        }
    }
    assert_eq!(CallbackState::read("in-flight"), None);
}
