//! The states of a callback and the transitions between them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{AttemptError, Callback, CallbackAttempt};
use crate::messages::callbacks as says;
use crate::{Failure, Timestamp};

/// The state of a callback.
///
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
    /// The receiver answered 2xx.
    Delivered,
    /// Every attempt failed.
    Failed,
    /// The egress policy forbids the address.
    Blocked,
    /// The owner cancelled it.
    Cancelled,
}

impl CallbackState {
    /// Every state.
    pub const ALL: [CallbackState; 7] = [
        CallbackState::Waiting,
        CallbackState::Pending,
        CallbackState::InFlight,
        CallbackState::Delivered,
        CallbackState::Failed,
        CallbackState::Blocked,
        CallbackState::Cancelled,
    ];

    /// Its name in JSON.
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

    /// Parses its name. `None`: not a state.
    pub fn read(text: &str) -> Option<CallbackState> {
        CallbackState::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// The end that it is. `None`: the callback has not ended.
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

/// How a callback ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallbackEnd {
    /// The receiver answered 2xx.
    Delivered,
    /// Every attempt failed.
    Failed,
    /// The egress policy forbids the address.
    Blocked,
    /// The owner cancelled it.
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
    /// Adds an attempt. `Some`: when the next one is due. `None`: the callback has ended; `end` says how. `retry_after`
    /// is the wait that the receiver asked for. A callback that was cancelled during the attempt stays cancelled.
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
            ) => (self.failed_attempts > self.retry.max_retries).then_some(CallbackEnd::Failed),
        });
        match self.end {
            Some(_) => None,
            None => Some(ended.after(self.retry.wait_after(self.failed_attempts, retry_after, status))),
        }
    }

    /// Starts another series of attempts; the earlier ones stay in the list. `Err` unless the callback failed, was
    /// blocked or was delivered.
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

    /// Cancels the callback. `Err`: it has ended.
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
