//! One list of everything that runs, waits or is over: activations, firings, callbacks.

use async_trait::async_trait;
use wask_model::{ActivationId, NamespaceName, Timestamp};

use crate::StoreError;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskKind {
    Action,
    Trigger,
    Callback,
    Event,
}

impl TaskKind {
    pub const ALL: [TaskKind; 4] = [TaskKind::Action, TaskKind::Trigger, TaskKind::Callback, TaskKind::Event];

    /// The word of the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            TaskKind::Action => "ACTN",
            TaskKind::Trigger => "TRIG",
            TaskKind::Callback => "CBCK",
            TaskKind::Event => "EVNT",
        }
    }

    pub fn read(text: &str) -> Option<TaskKind> {
        TaskKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    pub kind: TaskKind,
    /// Of a callback: the bits of its id.
    pub id: ActivationId,
    /// `namespace/…/name` of the action or trigger.
    pub name: String,
    /// In the words of the status of activations, or those of callbacks.
    pub state: String,
    pub start: Timestamp,
    pub end: Option<Timestamp>,
    /// What led to it; of a callback, the activation that it tells of.
    pub parent: Option<ActivationId>,
}

/// Which tasks of a namespace, newest start first.
#[derive(Clone, Debug)]
pub struct TaskQuery {
    pub namespace: NamespaceName,
    /// `None`: all.
    pub kind: Option<TaskKind>,
    pub since: Option<Timestamp>,
    pub upto: Option<Timestamp>,
    pub skip: u64,
    pub limit: u64,
}

#[async_trait]
pub trait TaskStore: Send + Sync {
    async fn tasks(&self, query: &TaskQuery) -> Result<Vec<Task>, StoreError>;

    /// How many match; `skip` and `limit` aside.
    async fn count_tasks(&self, query: &TaskQuery) -> Result<u64, StoreError>;
}
