//! Completion callbacks: what a request asks for, what is stored, what is sent, and when it is sent again. Whether an
//! address may be called, the HTTP request and its signature are not here. feeds.md §C.

mod attempt;
mod fields;
mod headers;
mod id;
mod notice;
mod payload;
mod retry;
mod settings;
mod state;
mod subscription;
mod template;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{ActivationId, FullName, NamespaceName, Timestamp};

pub use attempt::{AttemptError, CallbackAttempt};
pub use headers::CallbackHeaders;
pub use id::CallbackId;
pub use notice::Notice;
pub use payload::CallbackPayload;
pub use retry::{CallbackRetry, CallbackRetryMode, CallbackRetryPatch};
pub use settings::{CallbackDefaults, CallbackSettings, EffectiveSettings, SettingSource, SourcedSetting};
pub use state::{CallbackEnd, CallbackState};
pub use subscription::{CallbackCarrier, CallbackMethod, Subscription};
pub use template::Template;

/// A URL to notify when an activation ends, and every attempt at it so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Callback {
    /// Names the callback.
    pub id: CallbackId,
    /// The namespace of the invoker.
    pub namespace: NamespaceName,
    /// The activation whose end is reported.
    pub activation: ActivationId,
    /// The activation that led to that one; the firing, for an activation that a rule started.
    pub cause: Option<ActivationId>,
    /// The action.
    pub name: FullName,
    /// The receiver, as it was given.
    pub url: String,
    /// The method of the request.
    pub method: CallbackMethod,
    /// The headers that the subscription adds.
    pub headers: CallbackHeaders,
    /// The form of the body.
    pub payload: CallbackPayload,
    /// How long one attempt may take, in milliseconds.
    pub timeout_ms: u32,
    /// The caller's own id for the request; the body repeats it.
    pub correlation_id: Option<String>,
    /// How often and when to retry.
    pub retry: CallbackRetry,
    /// When the callback was accepted.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// The latest [`Callback::ATTEMPTS_KEPT`] attempts, oldest first.
    pub attempts: Vec<CallbackAttempt>,
    /// The failed attempts since the last restart.
    pub failed_attempts: u32,
    /// How it ended. `None`: it has not.
    pub end: Option<CallbackEnd>,
}

/// What a new callback is about, besides its subscription.
#[derive(Clone, Debug)]
pub struct NewCallback {
    /// Names the callback.
    pub id: CallbackId,
    /// The namespace of the invoker.
    pub namespace: NamespaceName,
    /// The activation whose end is reported.
    pub activation: ActivationId,
    /// The activation that led to that one.
    pub cause: Option<ActivationId>,
    /// The action.
    pub name: FullName,
    /// When the callback is accepted.
    pub now: Timestamp,
}

impl Callback {
    /// How many attempts are kept: one series with the most retries. After a restart the oldest attempts are dropped,
    /// so that the current series is always complete.
    pub const ATTEMPTS_KEPT: usize = 21;
    /// How many callbacks of a namespace may be undelivered at a time.
    pub const MAX_UNDELIVERED: u64 = 10_000;

    /// A callback for `subscription`. What that leaves open is taken from `settings`, once and for all.
    pub fn new(subscription: Subscription, settings: &EffectiveSettings, new: NewCallback) -> Self {
        Callback {
            id: new.id,
            namespace: new.namespace,
            activation: new.activation,
            cause: new.cause,
            name: new.name,
            url: subscription.url,
            method: subscription.method,
            headers: subscription.headers,
            payload: subscription.payload.unwrap_or_else(|| settings.payload.value.clone()),
            timeout_ms: subscription.timeout_ms.unwrap_or(settings.timeout_ms.value),
            correlation_id: subscription.correlation_id,
            retry: subscription.retry.over(settings.retry()),
            created: new.now,
            updated: new.now,
            attempts: Vec::new(),
            failed_attempts: 0,
            end: None,
        }
    }

    /// The number of the next attempt, from 1.
    pub fn next_attempt(&self) -> u32 {
        self.failed_attempts.saturating_add(1)
    }

    /// How long one attempt may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.into())
    }

    /// The document in lists and of GET, with its keys in the contract's order and without the values of headers.
    pub fn document(&self, state: CallbackState, next_attempt_at: Option<Timestamp>) -> Value {
        json!({
            "id": self.id,
            "type": "CBCK",
            "namespace": self.namespace,
            "activationId": self.activation,
            "cause": self.cause,
            "name": self.name.to_string(),
            "url": self.url,
            "method": self.method,
            "headers": self.headers.hidden(),
            "payload": self.payload,
            "correlationId": self.correlation_id,
            "retry": self.retry,
            "state": state,
            "failedAttempts": self.failed_attempts,
            "nextAttemptAt": next_attempt_at,
            "attempts": self.attempts,
            "createdAt": self.created,
            "updatedAt": self.updated,
        })
    }
}

#[cfg(test)]
mod tests;
