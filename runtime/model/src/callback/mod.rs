//! Completion callbacks: what is asked for, what is stored, what is sent, and when it is sent again. Not here: whether
//! an address may be called, the request itself and its signature. Feeds contract §C.

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

/// A URL that is told when an activation ends, and all that was done to tell it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Callback {
    pub id: CallbackId,
    /// The invoker's.
    pub namespace: NamespaceName,
    pub activation: ActivationId,
    /// The activation that led to that one: the event, when a trigger was fired.
    pub cause: Option<ActivationId>,
    /// The action.
    pub name: FullName,
    pub url: String,
    pub method: CallbackMethod,
    pub headers: CallbackHeaders,
    pub payload: CallbackPayload,
    pub timeout_ms: u32,
    pub correlation_id: Option<String>,
    pub retry: CallbackRetry,
    pub created: Timestamp,
    pub updated: Timestamp,
    /// The newest [`Callback::ATTEMPTS_KEPT`], oldest first.
    pub attempts: Vec<CallbackAttempt>,
    /// Since the last restart.
    pub failed_attempts: u32,
    /// `None`: not over.
    pub end: Option<CallbackEnd>,
}

/// Whom a new callback tells about what.
#[derive(Clone, Debug)]
pub struct NewCallback {
    pub id: CallbackId,
    /// The invoker's.
    pub namespace: NamespaceName,
    pub activation: ActivationId,
    pub cause: Option<ActivationId>,
    /// The action.
    pub name: FullName,
    pub now: Timestamp,
}

impl Callback {
    /// A whole series with the most retries: after a restart the older attempts make room for the newer ones, and the
    /// current series is always complete.
    pub const ATTEMPTS_KEPT: usize = 21;
    /// Callbacks of a namespace that may be undelivered at a time.
    pub const MAX_UNDELIVERED: u64 = 10_000;

    /// What the request leaves open is taken from `settings`, now and for good.
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

    /// The number of the attempt that is made next, from 1.
    pub fn next_attempt(&self) -> u32 {
        self.failed_attempts.saturating_add(1)
    }

    /// How long one attempt may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.into())
    }

    /// What a list and GET answer; the order of the keys is the contract's. No value of a header is in it.
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
