//! The attempts at one tick and the waits between them. feeds.md §A.11.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::firing::FireOutcome;
use super::settings::AlarmSettings;

/// The outcome of one attempt to fire the trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The trigger was fired, or no rule is active.
    Accepted,
    /// 429.
    Throttled,
    /// Another status below 500 that will not change by itself; 404 if the trigger is gone.
    Refused(u16),
    /// 408, 409, 5xx, or no response.
    Failed,
}

/// The attempts at one tick so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    pub made: u32,
    /// How many of them were throttled.
    pub throttled: u32,
}

/// What follows an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptDecision {
    Done(FireOutcome),
    Again { wait: Duration, attempts: Attempts },
}

/// Decides what follows an attempt with this `answer`, after the attempts `before` it.
pub fn after_attempt(before: Attempts, answer: Answer, settings: &AlarmSettings) -> AttemptDecision {
    let throttled = before.throttled + u32::from(answer == Answer::Throttled);
    let attempts = Attempts { made: before.made + 1, throttled };
    match answer {
        Answer::Accepted => AttemptDecision::Done(FireOutcome::Fired),
        Answer::Refused(status) => AttemptDecision::Done(FireOutcome::Refused(status)),
        Answer::Throttled | Answer::Failed if attempts.made <= settings.retry_attempts => {
            AttemptDecision::Again { wait: retry_delay(throttled, settings), attempts }
        }
        Answer::Throttled | Answer::Failed if throttled == attempts.made => {
            AttemptDecision::Done(FireOutcome::Throttled)
        }
        Answer::Throttled | Answer::Failed => AttemptDecision::Done(FireOutcome::Dropped),
    }
}

/// How long to wait before the next attempt: the delay times the square of the number of `throttled` attempts, and at
/// least the delay.
pub fn retry_delay(throttled: u32, settings: &AlarmSettings) -> Duration {
    settings.retry_delay().saturating_mul(throttled.saturating_mul(throttled).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The waits in seconds, and the outcome.
    fn tried(answers: impl IntoIterator<Item = Answer>) -> (Vec<u64>, Option<FireOutcome>) {
        let (mut waits, mut attempts) = (Vec::new(), Attempts::default());
        for answer in answers {
            match after_attempt(attempts, answer, &AlarmSettings::default()) {
                AttemptDecision::Done(outcome) => return (waits, Some(outcome)),
                AttemptDecision::Again { wait, attempts: made } => {
                    waits.push(wait.as_secs());
                    attempts = made;
                }
            }
        }
        (waits, None)
    }

    #[test]
    fn an_always_throttled_trigger_is_given_up_after_385_seconds() {
        let (waits, outcome) = tried([Answer::Throttled; 20]);
        assert_eq!(waits, [1, 4, 9, 16, 25, 36, 49, 64, 81, 100]);
        assert_eq!(outcome, Some(FireOutcome::Throttled));
    }

    #[test]
    fn a_failing_trigger_is_tried_eleven_times_a_second_apart() {
        assert_eq!(tried([Answer::Failed; 20]), (vec![1; 10], Some(FireOutcome::Dropped)));
    }

    #[test]
    fn one_other_failure_among_throttled_attempts_drops_the_tick() {
        let answers = [Answer::Throttled, Answer::Failed].into_iter().chain([Answer::Throttled; 9]);
        assert_eq!(tried(answers), (vec![1, 1, 4, 9, 16, 25, 36, 49, 64, 81], Some(FireOutcome::Dropped)));
    }

    #[test]
    fn success_or_a_refusal_ends_the_attempts() {
        assert_eq!(tried([Answer::Failed, Answer::Accepted]), (vec![1], Some(FireOutcome::Fired)));
        assert_eq!(tried([Answer::Refused(404)]), (vec![], Some(FireOutcome::Refused(404))));
    }

    #[test]
    fn waits_do_not_overflow() {
        assert!(retry_delay(100, &AlarmSettings::default()) < retry_delay(u32::MAX, &AlarmSettings::default()));
    }
}
