//! Where a callback stands, and everything that moves it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{AttemptError, Callback, CallbackAttempt};
use crate::messages::callbacks as says;
use crate::{Failure, Timestamp};

/// ```text
/// waiting ──activation ends──▶ pending ──sent──▶ in_flight ──2xx──▶ delivered
///                               ▲                   ├── retries left: after wait_after(n) ──▶ pending
///                               │                   ├── retries used up ──▶ failed
///                               │                   └── forbidden address ──▶ blocked
///                               └── restart ── delivered, failed, blocked
/// waiting, pending, in_flight ──cancel──▶ cancelled
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallbackState {
    /// The activation has not ended.
    Waiting,
    /// The next attempt is due now or later.
    Pending,
    /// An attempt is being made.
    InFlight,
    Delivered,
    Failed,
    /// The egress policy forbids the address.
    Blocked,
    Cancelled,
}

impl CallbackState {
    pub const ALL: [CallbackState; 7] = [
        CallbackState::Waiting,
        CallbackState::Pending,
        CallbackState::InFlight,
        CallbackState::Delivered,
        CallbackState::Failed,
        CallbackState::Blocked,
        CallbackState::Cancelled,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            CallbackState::Waiting => "waiting",
            CallbackState::Pending => "pending",
            CallbackState::InFlight => "in_flight",
            CallbackState::Delivered => "delivered",
            CallbackState::Failed => "failed",
            CallbackState::Blocked => "blocked",
            CallbackState::Cancelled => "cancelled",
        }
    }

    /// `None`: not a word for a state.
    pub fn read(text: &str) -> Option<CallbackState> {
        CallbackState::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// The end it is, if it is one.
    pub fn end(self) -> Option<CallbackEnd> {
        match self {
            CallbackState::Waiting | CallbackState::Pending | CallbackState::InFlight => None,
            CallbackState::Delivered => Some(CallbackEnd::Delivered),
            CallbackState::Failed => Some(CallbackEnd::Failed),
            CallbackState::Blocked => Some(CallbackEnd::Blocked),
            CallbackState::Cancelled => Some(CallbackEnd::Cancelled),
        }
    }
}

/// How a callback is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallbackEnd {
    Delivered,
    Failed,
    Blocked,
    Cancelled,
}

impl From<CallbackEnd> for CallbackState {
    fn from(end: CallbackEnd) -> Self {
        match end {
            CallbackEnd::Delivered => CallbackState::Delivered,
            CallbackEnd::Failed => CallbackState::Failed,
            CallbackEnd::Blocked => CallbackState::Blocked,
            CallbackEnd::Cancelled => CallbackState::Cancelled,
        }
    }
}

impl Callback {
    /// Takes down an attempt and what it means. `Some`: when the next one is due; `None`: the callback is over, `end`
    /// says how. `retry_after` is what the receiver asked for. One that was cancelled meanwhile stays so.
    pub fn record_attempt(&mut self, attempt: CallbackAttempt, retry_after: Option<Duration>) -> Option<Timestamp> {
        let (error, status, ended) = (attempt.error, attempt.status_code, attempt.ended());
        self.updated = ended;
        self.attempts.push(attempt);
        let surplus = self.attempts.len().saturating_sub(Callback::ATTEMPTS_KEPT);
        self.attempts.drain(..surplus);
        if error.is_some() {
            self.failed_attempts = self.failed_attempts.saturating_add(1);
        }
        self.end = self.end.or(match error {
            None => Some(CallbackEnd::Delivered),
            Some(AttemptError::SsrfBlocked) => Some(CallbackEnd::Blocked),
            Some(
                AttemptError::DnsFailure
                | AttemptError::ConnectFailure
                | AttemptError::TlsFailure
                | AttemptError::Timeout
                | AttemptError::HttpStatus,
            ) => (self.retry.max_retries < self.failed_attempts).then_some(CallbackEnd::Failed),
        });
        match self.end {
            Some(_) => None,
            None => Some(ended.after(self.retry.wait_after(self.failed_attempts, retry_after, status))),
        }
    }

    /// Opens one that is over for another series of attempts; those so far stay in the list. `Err` unless it failed,
    /// was blocked or was delivered.
    pub fn restart(&mut self, now: Timestamp) -> Result<(), Failure> {
        match self.end {
            Some(CallbackEnd::Failed | CallbackEnd::Blocked | CallbackEnd::Delivered) => {
                self.end = None;
                self.failed_attempts = 0;
                self.updated = now;
                Ok(())
            }
            Some(CallbackEnd::Cancelled) | None => Err(Failure::Conflict(says::NOT_RETRIABLE.into())),
        }
    }

    /// Ends one that is not over. `Err` when it is.
    pub fn cancel(&mut self, now: Timestamp) -> Result<(), Failure> {
        match self.end {
            None => {
                self.end = Some(CallbackEnd::Cancelled);
                self.updated = now;
                Ok(())
            }
            Some(_) => Err(Failure::Conflict(says::NOT_CANCELLABLE.into())),
        }
    }
}

#[cfg(test)]
mod tests;
