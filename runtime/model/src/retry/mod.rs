//! Retries of failed activations: the policy in the annotation `retry` of an action or a rule.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::annotations::keys;
use crate::messages::retry as messages;
use crate::{Annotations, Failure, Status};

/// The range of `attempts`, which include the first.
const ATTEMPTS: (u64, u64) = (1, 20);
/// The range of `delayMs`.
const DELAY_MS: (u64, u64) = (0, 3_600_000);
/// The longest wait, whatever the backoff.
const LONGEST_DELAY: Duration = Duration::from_secs(24 * 3600);

/// How many attempts an activation gets, after which outcomes, and with which waits between them.
///
/// ```
/// use std::time::Duration;
///
/// use serde_json::json;
/// use wask_model::annotations::keys;
/// use wask_model::{Annotations, RetryPolicy, Status};
///
/// let annotations = Annotations::default().with(keys::RETRY, json!({ "attempts": 3, "backoff": "exponential" }));
/// let policy = RetryPolicy::from_annotations(&annotations)?.expect("the annotation is there");
/// assert_eq!(policy.next(1, Status::DeveloperError, 0.0), Some(Duration::from_secs(1)));
/// assert_eq!(policy.next(2, Status::DeveloperError, 0.0), Some(Duration::from_secs(2)));
/// assert_eq!(policy.next(3, Status::DeveloperError, 0.0), None);
/// # Ok::<(), wask_model::Failure>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// All attempts, including the first: 1 to 20. Default 3.
    pub attempts: u32,
    /// Milliseconds before the second attempt: 0 to an hour. Default 1000.
    pub delay_ms: u64,
    /// How the waits grow. Default constant.
    pub backoff: Backoff,
    /// By which part of a wait chance may shorten it: 0 to 1. Default 0.
    pub jitter: f64,
    /// The outcomes that are retried, never success. Default: every other outcome.
    pub on: Vec<Status>,
}

/// How waits grow with the number n of failed attempts, from the delay d.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backoff {
    /// d
    Constant,
    /// n × d
    Linear,
    /// n² × d
    Squared,
    /// 2ⁿ⁻¹ × d
    Exponential,
}

impl Backoff {
    const ALL: [Backoff; 4] = [Backoff::Constant, Backoff::Linear, Backoff::Squared, Backoff::Exponential];

    /// Its name in the annotation.
    pub fn as_str(self) -> &'static str {
        match self {
            Backoff::Constant => "constant",
            Backoff::Linear => "linear",
            Backoff::Squared => "squared",
            Backoff::Exponential => "exponential",
        }
    }

    fn factor(self, failed: u32) -> u32 {
        match self {
            Backoff::Constant => 1,
            Backoff::Linear => failed,
            Backoff::Squared => failed.saturating_mul(failed),
            Backoff::Exponential => 2_u32.saturating_pow(failed.saturating_sub(1)),
        }
    }
}

impl RetryPolicy {
    /// Parses the annotation [`retry`](keys::RETRY). `None`: it is not there. `Err` names the member, its value and
    /// what it may be.
    pub fn from_annotations(annotations: &Annotations) -> Result<Option<Self>, Failure> {
        let Some(stated) = annotations.get(keys::RETRY) else { return Ok(None) };
        let members = stated.as_object().ok_or_else(|| Failure::malformed(messages::not_an_object(stated)))?;
        let known = ["attempts", "delayMs", "backoff", "jitter", "on"];
        if let Some(unknown) = members.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(Failure::malformed(messages::unknown(unknown, &known)));
        }
        let policy = RetryPolicy {
            attempts: whole(members, "attempts", ATTEMPTS)?.map_or(3, |n| u32::try_from(n).unwrap_or(u32::MAX)),
            delay_ms: whole(members, "delayMs", DELAY_MS)?.unwrap_or(1000),
            backoff: backoff(members)?,
            jitter: jitter(members)?,
            on: outcomes(members)?,
        };
        Ok(Some(policy))
    }

    /// How long to wait after `failed` attempts, the last of which ended with `status`. `None`: no further attempt.
    /// `chance` is a random number from 0 to 1; 0 leaves the whole wait.
    pub fn next(&self, failed: u32, status: Status, chance: f64) -> Option<Duration> {
        if !self.retries(status) || failed >= self.attempts {
            return None;
        }
        let wait = Duration::from_millis(self.delay_ms).saturating_mul(self.backoff.factor(failed)).min(LONGEST_DELAY);
        Some(wait.mul_f64(1.0 - self.jitter * chance.clamp(0.0, 1.0)))
    }

    /// Whether this outcome is retried.
    pub fn retries(&self, status: Status) -> bool {
        self.on.contains(&status)
    }
}

fn whole(members: &Map<String, Value>, key: &str, (least, most): (u64, u64)) -> Result<Option<u64>, Failure> {
    let Some(value) = members.get(key) else { return Ok(None) };
    match value.as_u64() {
        Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
        _ => Err(Failure::malformed(messages::not_whole(key, value, least, most))),
    }
}

fn backoff(members: &Map<String, Value>) -> Result<Backoff, Failure> {
    let Some(value) = members.get("backoff") else { return Ok(Backoff::Constant) };
    let named = Backoff::ALL.into_iter().find(|backoff| value == backoff.as_str());
    named.ok_or_else(|| Failure::malformed(messages::not_one_of("backoff", value, &Backoff::ALL.map(Backoff::as_str))))
}

fn jitter(members: &Map<String, Value>) -> Result<f64, Failure> {
    let Some(value) = members.get("jitter") else { return Ok(0.0) };
    let number = value.as_f64().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| Failure::malformed(messages::not_a_part("jitter", value)))
}

/// The outcomes by their words in JSON; all failures if the member is missing.
fn outcomes(members: &Map<String, Value>) -> Result<Vec<Status>, Failure> {
    let failures = || Status::ALL.into_iter().filter(|status| *status != Status::Success);
    let Some(value) = members.get("on") else { return Ok(failures().collect()) };
    let words: Vec<&str> = failures().map(Status::as_str).collect();
    let refused = |value: &Value| Failure::malformed(messages::not_one_of("on", value, &words));
    let named = |word: &Value| failures().find(|status| word == status.as_str()).ok_or_else(|| refused(word));
    match value.as_array() {
        Some(all) if !all.is_empty() => all.iter().map(named).collect(),
        _ => Err(refused(value)),
    }
}

#[cfg(test)]
mod tests;
