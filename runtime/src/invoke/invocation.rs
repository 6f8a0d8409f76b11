//! The words of the room: what a caller asks for, where it comes from, what it gets, and what a run needs.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use wask_model::{
    Activation, ActivationId, Arguments, Callback, CallbackId, FullName, SharedIdentity, Subscription, Timestamp,
};

use super::live::RunningActivation;
use super::terms::Terms;
use crate::catalog::ActionEntry;

/// What a caller asks for.
pub struct Invocation {
    /// Who invokes; its namespace is charged and owns the record.
    pub identity: SharedIdentity,
    pub action: FullName,
    pub args: Arguments,
    pub wait: Wait,
    pub context: Context,
    /// The callback that the caller asks for.
    pub callback: Option<Subscription>,
}

/// Where an invocation or a firing comes from.
#[derive(Clone, Debug)]
pub struct Context {
    /// The transaction id of the request that led to it.
    pub transaction: Arc<str>,
    /// The activation that led to it.
    pub cause: Option<Cause>,
    /// Store the record even if the settings would not.
    pub extra_logging: bool,
    /// When the request came in.
    pub accepted: Timestamp,
    /// The length of the chain of activations that led here, firings and this one included.
    pub depth: u32,
    /// The ended activation whose input this one runs on.
    pub rerun_of: Option<ActivationId>,
    /// When the first run of the chain began; `None`: this is the first. The keys of all its runs end together.
    pub chain_began: Option<Timestamp>,
}

impl Context {
    /// The context of an invocation or firing that was not started by another activation.
    pub fn outermost(transaction: Arc<str>, accepted: Timestamp) -> Self {
        Context {
            transaction,
            cause: None,
            extra_logging: false,
            accepted,
            depth: 1,
            rerun_of: None,
            chain_began: None,
        }
    }
}

/// The activation that led to another.
#[derive(Clone, Copy, Debug)]
pub enum Cause {
    /// A trigger was fired, and one of its rules started this activation.
    Event(ActivationId),
    /// A sequence or composition that this activation is part of.
    Composition(ActivationId),
}

impl Cause {
    pub fn id(self) -> ActivationId {
        match self {
            Cause::Event(id) | Cause::Composition(id) => id,
        }
    }
}

/// How long the caller waits.
#[derive(Clone, Copy, Debug)]
pub enum Wait {
    No,
    UpTo(Duration),
}

/// What the caller gets.
pub enum Invoked {
    /// The activation ended while the caller waited.
    Ended(Arc<Activation>),
    /// The activation is on disk and will end; its id leads to its record.
    Accepted(ActivationId),
}

impl Invoked {
    pub fn id(&self) -> ActivationId {
        match self {
            Invoked::Ended(record) => record.id,
            Invoked::Accepted(id) => *id,
        }
    }
}

/// What the front door answers.
pub struct Answer {
    pub invoked: Invoked,
    /// The callback that was stored with a new activation.
    pub callback: Option<CallbackId>,
}

/// An activation that exists: it has an id, it is in flight, and it has everything that a run needs.
pub struct AdmittedInvocation {
    pub id: ActivationId,
    pub entry: Arc<ActionEntry>,
    pub identity: SharedIdentity,
    /// A JSON object; inside a sequence it may be an array.
    pub args: Value,
    pub context: Context,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    pub terms: Terms,
    /// Stored together with the job; `terms` names it.
    pub callback: Option<Box<Callback>>,
    pub running: Arc<RunningActivation>,
}
