//! What survives a restart, in the words of the domain. The only SQL in the tree.
//!
//! One small trait per concept; one transaction per method; the time is an argument. What must become visible together
//! is one method, so that no transaction type leaks out.

mod activations;
mod alarms;
mod audit;
mod callbacks;
mod data_dir;
mod dead_letters;
mod entities;
mod error;
pub mod failpoint;
mod gateway;
mod idempotency;
mod identities;
mod jobs;
mod open;
mod outside_changes;
mod retention;
pub mod sqlite;
mod tasks;

pub use activations::{ActivationQuery, ActivationStore, ListPosition, Summary};
pub use alarms::{AlarmAdvance, AlarmStore, Tick};
pub use audit::{AuditQuery, AuditStore};
pub use callbacks::{
    AfterAttempt, CallbackCancelOutcome, CallbackQuery, CallbackStore, KnownCallback, StoredCallbackSettings,
};
pub use data_dir::{DataDirLock, LockError};
pub use dead_letters::{DeadLetter, DeadLetterQuery, DeadLetterStore};
pub use entities::{Change, EntityQuery, EntityStore, Revision, StoredEntity};
pub use error::StoreError;
pub use gateway::{ApiBounds, ApiPutOutcome, GatewayStore};
pub use idempotency::{FirstRequest, FirstRequestOutcome, IdempotencyStore, KeyedActivation, RequestKey};
pub use identities::{IdentityStore, NamespaceStore, NewNamespace, SecretStore};
pub use jobs::{
    Allotment, CancelOutcome, CancelRequest, Claim, Job, JobReader, JobState, JobStore, KnownJob, Lane, Lease, NewJob,
    NextAttempt, ShareBacklog,
};
pub use open::{OpenStore, StoreConfig, join, open};
pub use outside_changes::OutsideChanges;
pub use retention::{RetentionClass, RetentionStore};
pub use tasks::{Task, TaskKind, TaskQuery, TaskStore};

/// Everything that a node keeps, for whoever opens a store. A room takes the traits that it uses; each comes from this one
/// by upcasting.
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
