//! What survives a restart, in the words of the domain. The only SQL in the tree.
//!
//! One small trait per concept; one transaction per method; the time is an argument. What must become visible together
//! is one method, so that no transaction type leaks out.

mod activations;
mod alarms;
mod apis;
mod audit;
mod callbacks;
mod data_dir;
mod dead_letters;
mod entities;
mod error;
pub mod failpoint;
mod identities;
mod jobs;
mod once;
mod others;
mod retention;
pub mod sqlite;
mod tasks;

pub mod conformance;

pub use activations::{ActivationQuery, ActivationStore, Place, Summary};
pub use alarms::{AlarmStore, Move, Tick};
pub use apis::{ApiBounds, ApiPut, ApiStore};
pub use audit::{AuditQuery, AuditStore};
pub use callbacks::{CallbackCancelled, CallbackQuery, CallbackStore, KnownCallback, Settled, StoredCallbackSettings};
pub use data_dir::{DataDirLock, LockError};
pub use dead_letters::{DeadLetter, DeadLetterQuery, DeadLetterStore};
pub use entities::{Change, EntityQuery, EntityStore, Revision, Stored};
pub use error::StoreError;
pub use identities::{IdentityStore, NewNamespace};
pub use jobs::{Cancel, Cancelled, Claim, Job, JobState, JobStore, KnownJob, Lane, Lease, NewJob, Portion, Waiting};
pub use once::{Begun, FirstRequest, KeyedRequest, OnceStore, Verdict};
pub use others::OthersWrite;
pub use retention::{Kept, RetentionStore};
pub use tasks::{Task, TaskKind, TaskQuery, TaskStore};

/// Everything that a node keeps.
pub trait Store:
    EntityStore
    + ActivationStore
    + JobStore
    + DeadLetterStore
    + OnceStore
    + AlarmStore
    + CallbackStore
    + TaskStore
    + ApiStore
    + AuditStore
    + IdentityStore
    + RetentionStore
    + OthersWrite
{
}

impl<T> Store for T where
    T: EntityStore
        + ActivationStore
        + JobStore
        + DeadLetterStore
        + OnceStore
        + AlarmStore
        + CallbackStore
        + TaskStore
        + ApiStore
        + AuditStore
        + IdentityStore
        + RetentionStore
        + OthersWrite
{
}
