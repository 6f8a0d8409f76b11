//! Completion callbacks. A callback is stored with the job whose end it reports; each delivery is a job of its own.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use wask_model::{
    ActivationId, Callback, CallbackId, CallbackSettings, CallbackState, FullName, NamespaceName, Timestamp,
};

use crate::{Lease, ListPage, NewJob, StoreError};

/// A callback and its state, which follows from the job that delivers it.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownCallback {
    /// The callback as stored.
    pub callback: Callback,
    /// What it is doing.
    pub state: CallbackState,
    /// When the next attempt is due. `None` unless the state is pending.
    pub next_attempt: Option<Timestamp>,
}

/// Selects callbacks of one namespace: those that pass every filter, newest first.
#[derive(Clone, Debug)]
pub struct CallbackQuery {
    /// The namespace that owns the callbacks.
    pub namespace: NamespaceName,
    /// The state.
    pub state: Option<CallbackState>,
    /// The activation that they report.
    pub activation: Option<ActivationId>,
    /// The activation that led to the one that they report.
    pub cause: Option<ActivationId>,
    /// The action or trigger.
    pub name: Option<FullName>,
    /// What the caller set as the correlation id.
    pub correlation_id: Option<String>,
    /// Earliest creation, inclusive.
    pub since: Option<Timestamp>,
    /// Latest creation, inclusive.
    pub upto: Option<Timestamp>,
    /// How many to leave out at the beginning.
    pub skip: u64,
    /// How many to return at most.
    pub limit: u64,
    /// How many bytes they may have together; at least one is returned.
    pub bytes: u64,
}

impl CallbackQuery {
    /// The newest `limit` callbacks of a namespace, without a filter.
    pub fn new(namespace: NamespaceName, limit: u64) -> Self {
        CallbackQuery {
            namespace,
            state: None,
            activation: None,
            cause: None,
            name: None,
            correlation_id: None,
            since: None,
            upto: None,
            skip: 0,
            limit,
            bytes: u64::MAX,
        }
    }
}

/// What happens to a callback after an attempt.
#[derive(Clone, Debug)]
pub enum AfterAttempt {
    /// It is over.
    Over {
        /// What was sent; kept so that the delivery can be retried by hand.
        notice: String,
    },
    /// It is attempted again.
    Again {
        /// When.
        due: Timestamp,
    },
}

/// How [`CallbackStore::cancel_callback`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackCancelOutcome {
    /// The callback is cancelled.
    Done,
    /// The callback was over already.
    Over,
    /// The namespace has no such callback.
    Unknown,
}

/// What a namespace has of callbacks that are not over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Undelivered {
    /// How many there are.
    pub callbacks: u64,
    /// The bytes of their documents, and of what they will tell.
    pub bytes: u64,
}

/// What a namespace sets for its callbacks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredCallbackSettings {
    /// The settings themselves.
    pub settings: CallbackSettings,
    /// How often the signing secret has been replaced.
    pub generation: u64,
    /// When it was last replaced.
    pub rotated: Option<Timestamp>,
}

/// Callbacks and the settings of namespaces for them. A callback is written with the job that it reports; see
/// [`NewJob::callback`].
#[async_trait]
pub trait CallbackStore: Send + Sync {
    /// One callback. `None`: the namespace has no such callback.
    async fn callback(&self, namespace: &NamespaceName, id: CallbackId) -> Result<Option<KnownCallback>, StoreError>;

    /// One page of callbacks.
    async fn callbacks(&self, query: &CallbackQuery) -> Result<ListPage<KnownCallback>, StoreError>;

    /// How many callbacks match. Ignores `skip` and `limit`.
    async fn count_callbacks(&self, query: &CallbackQuery) -> Result<u64, StoreError>;

    /// What a namespace has of callbacks that are not over.
    async fn undelivered(&self, namespace: &NamespaceName) -> Result<Undelivered, StoreError>;

    /// Writes the outcome of an attempt, and with it either the end of the delivery's job or the time of the next
    /// attempt. A callback that was cancelled during the attempt stays cancelled, and its job ends. `false`: another
    /// node has the lease, and nothing was written.
    async fn settle_callback(&self, lease: &Lease, callback: Callback, after: AfterAttempt)
    -> Result<bool, StoreError>;

    /// Cancels a callback that is not over, so that no further attempt is made. An attempt that is under way continues.
    async fn cancel_callback(
        &self,
        namespace: &NamespaceName,
        id: CallbackId,
        now: Timestamp,
    ) -> Result<CallbackCancelOutcome, StoreError>;

    /// What a callback that is over sent. `None`: it is not over, or it was cancelled before there was anything to
    /// send.
    async fn notice(&self, namespace: &NamespaceName, id: CallbackId) -> Result<Option<String>, StoreError>;

    /// Replaces a callback that is over with one that is not, and stores the job that delivers it. `false`: it has
    /// changed since it was read as `was`, and nothing was written.
    async fn restart_callback(&self, was: &Callback, becomes: Callback, job: NewJob) -> Result<bool, StoreError>;

    /// The settings of a namespace; the defaults if it has set nothing.
    async fn callback_settings(&self, namespace: &NamespaceName) -> Result<StoredCallbackSettings, StoreError>;

    /// Replaces the settings of a namespace. `false`: they have changed since they were read as `was`, and nothing was
    /// written.
    async fn replace_callback_settings(
        &self,
        namespace: &NamespaceName,
        was: &StoredCallbackSettings,
        becomes: StoredCallbackSettings,
    ) -> Result<bool, StoreError>;
}
