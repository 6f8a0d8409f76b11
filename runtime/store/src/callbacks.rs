//! Completion callbacks as tasks: stored with the job that they tell of, attempted as jobs of their own.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use wask_model::{
    ActivationId, Callback, CallbackId, CallbackSettings, CallbackState, FullName, NamespaceName, Timestamp,
};

use crate::{Lease, NewJob, StoreError};

/// A callback, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownCallback {
    pub callback: Callback,
    pub state: CallbackState,
    /// While it is pending.
    pub next_attempt: Option<Timestamp>,
}

/// Which callbacks of a namespace: those that every given filter lets through, newest first.
#[derive(Clone, Debug)]
pub struct CallbackQuery {
    pub namespace: NamespaceName,
    pub state: Option<CallbackState>,
    pub activation: Option<ActivationId>,
    pub cause: Option<ActivationId>,
    pub name: Option<FullName>,
    pub correlation_id: Option<String>,
    /// Bounds of the time of creation, both inclusive.
    pub since: Option<Timestamp>,
    pub upto: Option<Timestamp>,
    pub skip: u64,
    pub limit: u64,
}

impl CallbackQuery {
    /// Everything of a namespace, in one page of `limit`.
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
        }
    }
}

/// How it goes on after an attempt.
#[derive(Clone, Debug)]
pub enum AfterAttempt {
    /// It is over; what to tell is kept, should somebody want it sent again.
    Over {
        notice: String,
    },
    Again {
        due: Timestamp,
    },
}

/// What became of a request to end a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackCancelOutcome {
    Done,
    /// It was over already.
    Over,
    Unknown,
}

/// What a namespace sets for its callbacks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredCallbackSettings {
    pub settings: CallbackSettings,
    /// How often the signing secret has been replaced.
    pub generation: u64,
    /// When it was replaced last.
    pub rotated: Option<Timestamp>,
}

/// A callback is written with the job that it tells of; see [`NewJob`].
#[async_trait]
pub trait CallbackStore: Send + Sync {
    async fn callback(&self, namespace: &NamespaceName, id: CallbackId) -> Result<Option<KnownCallback>, StoreError>;

    async fn callbacks(&self, query: &CallbackQuery) -> Result<Vec<KnownCallback>, StoreError>;

    /// How many match; `skip` and `limit` aside.
    async fn count_callbacks(&self, query: &CallbackQuery) -> Result<u64, StoreError>;

    /// How many are not over.
    async fn count_undelivered(&self, namespace: &NamespaceName) -> Result<u64, StoreError>;

    /// Writes what came of an attempt, together with the end of its job or the time of the next one. One that was cancelled
    /// meanwhile stays so, and its job ends. `false`: the lease had passed to somebody else, nothing was written.
    async fn settle_callback(
        &self,
        lease: &Lease,
        callback: Callback,
        settled: AfterAttempt,
    ) -> Result<bool, StoreError>;

    /// Ends a callback that is not over: nothing is sent any more; an attempt that is under way is not called back.
    async fn cancel_callback(
        &self,
        namespace: &NamespaceName,
        id: CallbackId,
        now: Timestamp,
    ) -> Result<CallbackCancelOutcome, StoreError>;

    /// What an ended callback told. `None`: it is not over, or ended before there was anything to tell.
    async fn notice(&self, namespace: &NamespaceName, id: CallbackId) -> Result<Option<String>, StoreError>;

    /// Replaces a callback that is over by one that is not, and stores the job that attempts it. `false`: it is not as it was
    /// read, nothing was written.
    async fn restart_callback(&self, was: &Callback, becomes: Callback, job: NewJob) -> Result<bool, StoreError>;

    /// Defaults where the namespace has set nothing.
    async fn callback_settings(&self, namespace: &NamespaceName) -> Result<StoredCallbackSettings, StoreError>;

    /// Replaces the settings if they are still as they were read. `false`: they are not, nothing was written.
    async fn replace_callback_settings(
        &self,
        namespace: &NamespaceName,
        was: &StoredCallbackSettings,
        becomes: StoredCallbackSettings,
    ) -> Result<bool, StoreError>;
}
