#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod activations;
mod alarms;
mod audit;
mod callbacks;
mod data_dir;
mod dead_letters;
mod entities;
mod error;
pub mod failpoint;
mod fault;
mod gateway;
mod idempotency;
mod identities;
mod jobs;
mod lists;
mod open;
mod outside_changes;
mod retention;
pub mod sqlite;
mod tasks;

pub use activations::{ActivationQuery, ActivationStore, ListPosition, RecordText, Summary};
pub use alarms::{AlarmAdvance, AlarmQuery, AlarmStore, Tick};
pub use audit::{AuditQuery, AuditStore};
pub use callbacks::{
    AfterAttempt, CallbackCancelOutcome, CallbackQuery, CallbackStore, KnownCallback, StoredCallbackSettings,
    Undelivered,
};
pub use data_dir::{DataDirLock, LockError, free_bytes, make_data_dir};
pub use dead_letters::{DeadLetter, DeadLetterQuery, DeadLetterStore};
pub use entities::{Change, EntityQuery, EntityQuota, EntityStore, EntitySummary, Revision, StoredEntity};
pub use error::StoreError;
pub use fault::OnFault;
pub use gateway::{ApiBounds, ApiPutOutcome, GatewayStore};
pub use idempotency::{FirstRequest, FirstRequestOutcome, IdempotencyStore, KeyedActivation, RequestKey};
pub use identities::{IdentityStore, NamespaceStore, NewNamespace, SecretStore};
pub use jobs::{
    Allotment, CancelOutcome, CancelRequest, Claim, Job, JobReader, JobState, JobStore, KnownJob, Lane, Lease, NewJob,
    NextAttempt, ShareBacklog,
};
pub use lists::ListPage;
pub use open::{OpenStore, StoreConfig, join, open};
pub use outside_changes::OutsideChanges;
pub use retention::{RetentionClass, RetentionStore};
pub use tasks::{Task, TaskKind, TaskQuery, TaskStore};

/// Everything that a node stores. Only the code that opens a store and hands it out names this trait: a room takes the
/// traits that it uses, and trait upcasting makes each of them from this one.
pub trait Store:
    EntityStore
    + ActivationStore
    + JobStore
    + JobReader
    + DeadLetterStore
    + IdempotencyStore
    + AlarmStore
    + CallbackStore
    + TaskStore
    + GatewayStore
    + AuditStore
    + NamespaceStore
    + SecretStore
    + RetentionStore
    + OutsideChanges
{
}
