//! What was agreed when an activation was accepted, and is kept in its job.

use serde::{Deserialize, Serialize};
use wask_model::{Callback, CallbackId, CallbackPayload, RetryPolicy, Timestamp};

/// The terms of one activation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// Names of the arguments that are not the action's defaults; `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Vec<String>>,
    /// Names of the arguments that the caller sent, if the trigger has parameters of its own; `None`: all of `given`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Vec<String>>,
    /// The retry policy of the rule that started it. It replaces the action's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
    /// How long its caller waits. Until then a failed attempt is not retried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_until: Option<Timestamp>,
    /// The callback that reports its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<PendingCallback>,
}

/// The callback of an activation that has not ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PendingCallback {
    pub id: CallbackId,
    /// Host and port of the receiver: the callbacks to one site share its permits.
    pub site: String,
    pub payload: CallbackPayload,
}

impl PendingCallback {
    pub fn new(callback: &Callback, site: String) -> Self {
        PendingCallback { id: callback.id, site, payload: callback.payload.clone() }
    }
}
