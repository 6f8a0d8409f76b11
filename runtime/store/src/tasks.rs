//! One list of all work of a namespace, waiting, running or over: activations, firings and callbacks.

use async_trait::async_trait;
use wask_model::{ActivationId, NamespaceName, Timestamp};

use crate::StoreError;

/// What kind of work a [`Task`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskKind {
    /// An activation of an action.
    Action,
    /// A firing of a trigger.
    Trigger,
    /// A completion callback.
    Callback,
    /// The delivery of an event. There are none until there is an event journal.
    Event,
}

impl TaskKind {
    /// Every kind.
    pub const ALL: [TaskKind; 4] = [TaskKind::Action, TaskKind::Trigger, TaskKind::Callback, TaskKind::Event];

    /// The kind as the HTTP API spells it: four capital letters.
    pub fn as_str(self) -> &'static str {
        match self {
            TaskKind::Action => "ACTN",
            TaskKind::Trigger => "TRIG",
            TaskKind::Callback => "CBCK",
            TaskKind::Event => "EVNT",
        }
    }

    /// Reads what [`TaskKind::as_str`] writes. `None`: no kind is spelled so.
    pub fn read(text: &str) -> Option<TaskKind> {
        TaskKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// What kind of work it is.
    pub kind: TaskKind,
    /// The activation's id; for a callback, the bits of the callback's id.
    pub id: ActivationId,
    /// Full name of the action or trigger, without the leading slash.
    pub name: String,
    /// A word of the status of activations or, for a callback, of [`CallbackState`](wask_model::CallbackState).
    pub state: String,
    /// When it started or, if it waits, when it is due; for a callback, when it was created.
    pub start: Timestamp,
    /// When it ended. `None`: it has not ended.
    pub end: Option<Timestamp>,
    /// The activation that led to it; for a callback, the activation that it reports.
    pub parent: Option<ActivationId>,
}

/// Selects tasks of a namespace, latest start first.
#[derive(Clone, Debug)]
pub struct TaskQuery {
    /// The namespace that owns the tasks.
    pub namespace: NamespaceName,
    /// `None`: all kinds.
    pub kind: Option<TaskKind>,
    /// Earliest start, inclusive.
    pub since: Option<Timestamp>,
    /// Latest start, inclusive.
    pub upto: Option<Timestamp>,
    /// How many to leave out at the beginning.
    pub skip: u64,
    /// How many to return at most.
    pub limit: u64,
}

/// Reads the list of tasks, which is put together from records, jobs and callbacks.
#[async_trait]
pub trait TaskStore: Send + Sync {
    /// One page of tasks.
    async fn tasks(&self, query: &TaskQuery) -> Result<Vec<Task>, StoreError>;

    /// How many tasks match. Ignores `skip` and `limit`.
    async fn count_tasks(&self, query: &TaskQuery) -> Result<u64, StoreError>;
}
