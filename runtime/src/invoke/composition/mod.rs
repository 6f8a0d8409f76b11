//! Sequences and compositions: one component after the other, each with a record of its own. REST contract §5.
//!
//! ```text
//! step ─┬─ sequence, conductor ──▶ enter: a frame inside the frame
//!       ├─ action ──▶ run ──▶ record ──▶ took: the frames that end with it ──▶ keep (one transaction) ─┐
//!       └─ nothing more, or cannot ──▶ stop: the frame ends                                            │
//!    ▲─────────────────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! What has been done is kept after every component as soon as the activation is a job, so that a crash repeats at most
//! the component that was running.

mod conductor;
mod job_hold;
mod progress;

use std::sync::Arc;

use serde_json::Value;
use tracing::warn;
use wask_model::annotations::keys;
use wask_model::{Activation, ActivationId, Exec, Failure, FullName, Identity, Response, messages, truthy};

use super::outcome::refusal;
use super::queued::Terms;
use super::record::Record;
use super::{AdmittedInvocation, Cause, Context, Invoker};
use crate::catalog::{ActionEntry, RequiredAccess};
use conductor::ConductorState;
pub use job_hold::JobHold;
pub use progress::Progress;
pub use progress::{EndedScope, Plan};
use progress::{Part, Scope, Step};

/// What a step came to.
enum StepOutcome {
    /// A sequence or composition has begun inside the innermost frame, or a conductor was told that it may not.
    On,
    /// A component has run.
    Ran(Box<Activation>, u32),
    /// The innermost frame ends without running it.
    Stop(Response),
}

/// Whether running this action runs others.
pub fn is_composed(entry: &ActionEntry) -> bool {
    match &entry.action.exec {
        Exec::Sequence { .. } => true,
        Exec::Wasm { .. } => entry.action.annotations.get(keys::CONDUCTOR).is_some_and(truthy),
        Exec::Builtin => false,
    }
}

impl Invoker {
    /// Whether the invoker may activate every direct component of a sequence; the refusal names all of the others.
    pub(super) async fn may_run(&self, identity: &Identity, entry: &ActionEntry) -> Result<(), Failure> {
        match &entry.action.exec {
            Exec::Sequence { components } => {
                let needed: Vec<RequiredAccess<'_>> = components.iter().map(RequiredAccess::Action).collect();
                self.catalog.may_use(identity, &needed).await
            }
            Exec::Wasm { .. } | Exec::Builtin => Ok(()),
        }
    }

    /// Runs a sequence or composition to its end. Returns the records of what ended last, its own the last of them.
    /// `None`: the job has passed to somebody else.
    pub(super) async fn run_composition(
        &self,
        admitted: &AdmittedInvocation,
        hold: &JobHold,
    ) -> Option<Vec<Activation>> {
        let longest = self.gate.limits().sequence_length;
        let mut progress = hold.progress().unwrap_or_else(|| self.begin(admitted, hold));
        loop {
            if admitted.running.is_cancelled() {
                return Some(self.abandon(admitted, progress, &refusal(messages::CANCELLED.into())));
            }
            let (mut records, ended) = match self.step(admitted, hold, &mut progress).await {
                StepOutcome::On => continue,
                StepOutcome::Stop(response) => (Vec::new(), progress.stop(response, longest)),
                StepOutcome::Ran(record, memory) => {
                    let duration = record.duration_ms.unwrap_or_default();
                    let part = Part::atomic(record.id, record.response.clone(), duration, memory);
                    let next = ActivationId::new(self.clock.now());
                    (vec![*record], progress.took(part, longest, next))
                }
            };
            records.extend(ended.into_iter().map(|ended| Record::from_scope(admitted, ended, self.clock.now())));
            if progress.is_over() {
                return Some(records);
            }
            if !self.keep(admitted, hold, &mut progress, records).await {
                return None;
            }
        }
    }

    /// Ends every sequence and composition that had begun with the same response, without running anything.
    pub(super) fn abandon_composition(
        &self,
        admitted: &AdmittedInvocation,
        hold: &JobHold,
        response: &Response,
    ) -> Vec<Activation> {
        self.abandon(admitted, hold.progress().unwrap_or_else(|| self.begin(admitted, hold)), response)
    }

    fn abandon(&self, admitted: &AdmittedInvocation, mut progress: Progress, response: &Response) -> Vec<Activation> {
        let ended = progress.abandon(response);
        ended.into_iter().map(|ended| Record::from_scope(admitted, ended, self.clock.now())).collect()
    }

    fn begin(&self, admitted: &AdmittedInvocation, hold: &JobHold) -> Progress {
        let now = self.clock.now();
        let waited = now.since(admitted.context.accepted).as_millis() as u64;
        let frame = self.frame(admitted.id, &admitted.entry, admitted, waited);
        let mut progress = Progress::new(frame, admitted.args.clone(), ActivationId::new(now));
        progress.at_attempt(hold.first_attempt());
        progress
    }

    fn frame(&self, id: ActivationId, entry: &ActionEntry, admitted: &AdmittedInvocation, wait_ms: u64) -> Scope {
        let plan = match &entry.action.exec {
            Exec::Sequence { components } => Plan::Sequence { components: components.clone(), done: 0, atoms: 0 },
            Exec::Wasm { .. } | Exec::Builtin => {
                Plan::Conductor(ConductorState::new(admitted.identity.namespace.clone()))
            }
        };
        Scope {
            id,
            action: entry.action.name.clone(),
            binding: entry.binding.clone(),
            version: entry.action.version,
            limits: entry.action.limits.clone(),
            start: self.clock.now(),
            wait_ms,
            logs: Vec::new(),
            duration_ms: 0,
            memory: None,
            plan,
        }
    }

    async fn step(&self, admitted: &AdmittedInvocation, hold: &JobHold, progress: &mut Progress) -> StepOutcome {
        let longest = self.gate.limits().sequence_length;
        let Some(step) = progress.step(longest) else { return StepOutcome::On };
        let (name, conducts) = match step {
            Step::End(response) => return StepOutcome::Stop(response),
            Step::Conduct(name) => (name, true),
            Step::Run(name) => (name, false),
        };
        let entry = match self.component(admitted, &name).await {
            Ok(entry) => entry,
            Err(failure) if conducts => return cannot_conduct(&name, &failure),
            Err(failure) => return cannot_run(progress, &name, &failure),
        };
        if is_composed(&entry) && !conducts {
            let frame = self.frame(progress.next_id(), &entry, admitted, 0);
            progress.enter(frame, ActivationId::new(self.clock.now()));
            return StepOutcome::On;
        }
        if progress.is_full(longest) {
            return StepOutcome::Stop(refusal(messages::SEQUENCE_TOO_LONG.into()));
        }
        let memory = entry.action.limits.memory;
        let record = self.run_component(admitted, hold, progress, entry).await;
        StepOutcome::Ran(Box::new(record), memory)
    }

    /// The component of this name, if the invoker may activate it.
    async fn component(&self, admitted: &AdmittedInvocation, name: &FullName) -> Result<Arc<ActionEntry>, Failure> {
        match self.catalog.may_invoke(&admitted.identity, name).await {
            // Without its package nobody has a right to it: for a conductor that is a refusal. REST contract §5.4.
            Err(Failure::NotFound(_) | Failure::Conflict(_)) => {
                Err(Failure::Forbidden(messages::SEQUENCE_COMPONENT_MISSING.into()))
            }
            allowed => {
                allowed?;
                self.catalog.resolve(name).await
            }
        }
    }

    async fn run_component(
        &self,
        admitted: &AdmittedInvocation,
        hold: &JobHold,
        progress: &Progress,
        entry: Arc<ActionEntry>,
    ) -> Activation {
        let args = match progress.input() {
            Value::Object(payload) => {
                let mut args = entry.defaults.clone();
                args.extend(payload.clone());
                Value::Object(args)
            }
            array => array.clone(), // passed as it is, nothing can be merged into it
        };
        let context = Context {
            transaction: admitted.context.transaction.clone(),
            cause: progress.innermost().map(|frame| Cause::Composition(frame.id)),
            extra_logging: admitted.context.extra_logging,
            accepted: self.clock.now(),
            depth: admitted.context.depth,
            rerun_of: None,
        };
        let (id, identity, running) = (progress.next_id(), admitted.identity.clone(), admitted.running.clone());
        let (attempt, terms) = (hold.attempts_of_next(progress), Terms::default());
        let component =
            AdmittedInvocation { id, entry, identity, args, context, attempt, terms, callback: None, running };
        if 1 < attempt && component.entry.action.annotations.get(keys::REDELIVERY) == Some(&Value::Bool(false)) {
            let outcome = super::outcome::Outcome::without_guest(Response::whisk_error(messages::NOT_REDELIVERED));
            return self.activation(&component, self.clock.now(), outcome);
        }
        self.run(&component).await
    }

    /// Writes what ended and how far it has come. `false`: the job has passed to somebody else.
    async fn keep(
        &self,
        admitted: &AdmittedInvocation,
        hold: &JobHold,
        progress: &mut Progress,
        records: Vec<Activation>,
    ) -> bool {
        if hold.lease().is_none() {
            self.hand_to_recorder(admitted, records.iter().cloned().map(Arc::new).collect()).await;
        }
        // It may have become a job meanwhile, at an earlier point than this.
        let kept = match hold.lease() {
            None => true,
            Some(lease) => {
                progress.at_attempt(lease.attempt);
                let payload = hold.payload(admitted, progress.clone());
                records.iter().for_each(|record| self.recorder.ended(record));
                let records = self.to_store(&admitted.identity, records).await;
                self.queue.advance(lease, records, payload).await
            }
        };
        hold.keep(progress.clone());
        kept
    }
}

/// A component that is not there or that the invoker may not activate: the end of a sequence, news for a conductor.
fn cannot_run(progress: &mut Progress, name: &FullName, failure: &Failure) -> StepOutcome {
    let missing = matches!(failure, Failure::NotFound(_) | Failure::Conflict(_));
    let forbidden = matches!(failure, Failure::Forbidden(_));
    match progress.innermost().map(|frame| &frame.plan) {
        Some(Plan::Sequence { .. }) if missing => {
            StepOutcome::Stop(refusal(messages::SEQUENCE_COMPONENT_MISSING.into()))
        }
        Some(Plan::Sequence { .. }) if forbidden => StepOutcome::Stop(refusal(failure.to_string().into())),
        Some(Plan::Conductor(_)) if missing => {
            progress.refuse_call(messages::composition_unresolved(name));
            StepOutcome::On
        }
        Some(Plan::Conductor(_)) if forbidden => {
            progress.refuse_call(messages::composition_not_entitled(name));
            StepOutcome::On
        }
        _ => {
            warn!(cause = ?failure, component = %name, "component could not be loaded");
            StepOutcome::Stop(Response::whisk_error(messages::ACTION_UNFETCHABLE))
        }
    }
}

/// A conductor that is gone since the composition began.
fn cannot_conduct(name: &FullName, failure: &Failure) -> StepOutcome {
    warn!(cause = ?failure, conductor = %name, "conductor could not be loaded");
    StepOutcome::Stop(Response::whisk_error(messages::COMPOSITION_FAILED))
}
