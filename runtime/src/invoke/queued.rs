//! What a job of the lane `invoke` carries: everything that a later run needs.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wask_model::{ActivationId, Arguments, Failure, FullName, NamespaceName, Status, Timestamp, Version};
use wask_store::Lane;

use super::arguments::chosen;
use super::composition::progress::Progress;
use super::invocation::{AdmittedInvocation, Cause, Context};
use super::sealed::{Sealed, has_secrets};
use super::terms::Terms;
use crate::queue::NewWork;

/// A queued activation. Its arguments are merged already: they are those of the time of acceptance.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QueuedInvocation {
    pub action: FullName,
    pub version: Version,
    pub subject: String,
    pub args: Value,
    /// The secrets that were taken out of the arguments, and out of the input of the next component; only in a payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sealed: Option<Sealed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sealed_input: Option<Sealed>,
    /// The firing whose rule started this activation.
    pub cause: Option<ActivationId>,
    pub transaction: String,
    pub accepted: Timestamp,
    /// How far a sequence or composition has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    #[serde(flatten)]
    pub terms: Terms,
    /// The length of the chain of activations that led here, this one included.
    #[serde(default)]
    pub depth: u32,
    /// The ended activation whose input this one runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerun_of: Option<ActivationId>,
    /// When the first run of the chain began; `None`: this is the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain_began: Option<Timestamp>,
    /// Attempts that failed and were retried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<FailedAttempt>,
    /// Attempts of the job that do not count as failures of a node: those up to the last one that was retried.
    #[serde(default)]
    pub begun: u32,
}

/// An attempt that failed and was retried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailedAttempt {
    pub attempt: u32,
    pub at: Timestamp,
    pub status: Status,
    pub error: String,
}

impl FailedAttempt {
    fn document(&self) -> Value {
        json!({ "attempt": self.attempt, "at": self.at, "status": self.status.as_str(), "error": self.error })
    }
}

/// What an activation runs: an action at a version, on merged arguments.
pub struct QueuedAction {
    pub name: FullName,
    pub version: Version,
    pub args: Value,
}

impl QueuedInvocation {
    /// An activation that has not run yet. `subject` is the invoker's.
    pub fn new(action: QueuedAction, subject: &str, context: &Context, terms: Terms) -> Self {
        QueuedInvocation {
            action: action.name,
            version: action.version,
            subject: subject.to_owned(),
            args: action.args,
            sealed: None,
            sealed_input: None,
            cause: context.cause.map(Cause::id),
            transaction: context.transaction.to_string(),
            accepted: context.accepted,
            progress: None,
            terms,
            depth: context.depth,
            rerun_of: context.rerun_of,
            chain_began: context.chain_began,
            failed: Vec::new(),
            begun: 0,
        }
    }

    /// An admitted activation that has come as far as `progress`.
    pub fn from_admitted(admitted: &AdmittedInvocation, progress: Option<Progress>) -> Self {
        let (name, version) = (admitted.entry.asked(), admitted.entry.action.version);
        let action = QueuedAction { name, version, args: admitted.args.clone() };
        let queued =
            QueuedInvocation::new(action, &admitted.identity.subject, &admitted.context, admitted.terms.clone());
        QueuedInvocation { progress, ..queued }
    }

    pub fn into_work(self, id: ActivationId, namespace: NamespaceName) -> NewWork {
        NewWork {
            id,
            lane: Lane::Invoke,
            share: namespace.to_string(),
            namespace,
            name: self.action.clone(),
            cause: self.cause,
            payload: self.to_payload(),
            permit: None,
            callback: None,
        }
    }

    /// What the caller gave, without secrets and without the defaults of packages and actions: those may be another
    /// namespace's secrets.
    pub fn given(&self) -> Arguments {
        chosen(&self.args, self.terms.given.as_deref())
    }

    /// As it is stored: its secrets are sealed.
    pub fn to_payload(&self) -> String {
        let write =
            |queued: &QueuedInvocation| serde_json::to_string(queued).expect("a queued activation always serializes");
        let next_input = self.progress.as_ref().map(Progress::input);
        if !has_secrets(&self.args) && !next_input.is_some_and(has_secrets) {
            return write(self);
        }
        let mut stored = self.clone();
        stored.sealed = Sealed::take(&mut stored.args);
        stored.sealed_input = stored.progress.as_mut().and_then(|progress| Sealed::take(progress.input_mut()));
        write(&stored)
    }

    pub fn read(payload: &str) -> Result<QueuedInvocation, Failure> {
        let mut read: QueuedInvocation = serde_json::from_str(payload).map_err(|e| Failure::Internal(e.into()))?;
        if let Some(sealed) = read.sealed.take() {
            sealed.put_back(&mut read.args);
        }
        if let (Some(sealed), Some(progress)) = (read.sealed_input.take(), &mut read.progress) {
            sealed.put_back(progress.input_mut());
        }
        Ok(read)
    }
}

impl AdmittedInvocation {
    /// The job of an activation that has not run, with its callback.
    pub fn into_work(self) -> NewWork {
        let work = self.to_work(None);
        NewWork { callback: self.callback.map(|callback| *callback), ..work }
    }

    /// The job of an activation that has come as far as `progress`.
    pub fn to_work(&self, progress: Option<Progress>) -> NewWork {
        QueuedInvocation::from_admitted(self, progress).into_work(self.id, self.identity.namespace.clone())
    }
}

/// Failed attempts as clients see them.
pub fn failed_attempts(failed: &[FailedAttempt]) -> Value {
    failed.iter().map(FailedAttempt::document).collect()
}
