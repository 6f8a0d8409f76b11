//! What survives a restart, in the words of the domain. The only SQL in the tree.
//!
//! One small trait per concept; one transaction per method; the time is an argument. What must become visible together
//! is one method, so that no transaction type leaks out.

mod activations;
mod alarms;
mod apis;
mod audit;
mod data_dir;
mod entities;
mod error;
mod identities;
mod jobs;
mod once;
mod others;
pub mod sqlite;

pub mod conformance;

pub use activations::{ActivationQuery, ActivationStore, Place, Summary};
pub use alarms::{AlarmStore, Move, Tick};
pub use apis::{ApiBounds, ApiPut, ApiStore};
pub use audit::{AuditQuery, AuditStore};
pub use data_dir::{DataDirLock, LockError};
pub use entities::{Change, EntityQuery, EntityStore, Revision, Stored};
pub use error::StoreError;
pub use identities::{IdentityStore, NewNamespace};
pub use jobs::{Claim, Job, JobState, JobStore, KnownJob, Lane, Lease, NewJob};
pub use once::{Begun, FirstRequest, KeyedRequest, OnceStore, Verdict};
pub use others::OthersWrite;

/// Everything that a node keeps.
pub trait Store:
    EntityStore + ActivationStore + JobStore + OnceStore + AlarmStore + ApiStore + AuditStore + IdentityStore + OthersWrite
{
}

impl<T> Store for T where
    T: EntityStore
        + ActivationStore
        + JobStore
        + OnceStore
        + AlarmStore
        + ApiStore
        + AuditStore
        + IdentityStore
        + OthersWrite
{
}
