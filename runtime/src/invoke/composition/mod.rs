//! Sequences and compositions: one component after the other, each with a record of its own. rest.md §5.
//!
//! ```text
//! step ─┬─ sequence, conductor ──▶ enter: a scope inside the scope
//!       ├─ action ──▶ Runner::run ──▶ record ──▶ take: the scopes that end with it ──▶ keep (one transaction) ─┐
//!       └─ nothing more, or impossible ──▶ stop: the scope ends                                                │
//!    ▲─────────────────────────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! As soon as the activation is a job, its progress is stored after every component: a crash repeats at most the
//! component that was running.

mod conductor;
mod job_hold;
pub(super) mod progress;

use std::sync::Arc;

use serde_json::Value;
use tracing::warn;
use wask_model::annotations::keys;
use wask_model::{Activation, ActivationId, Exec, Failure, FullName, Response, messages, truthy};

use super::record::Record;
use super::runner::outcome::refusal;
use super::terms::Terms;
use super::{AdmittedInvocation, Authority, Cause, Context, Invoker};
use crate::catalog::ActionEntry;
use conductor::ConductorState;
pub use job_hold::JobHold;
use progress::{EndedScope, Plan, Progress};
use progress::{Part, Scope, Step};

/// What one step led to.
enum StepOutcome {
    /// A sequence or composition has begun inside the innermost scope, or a conductor learnt that its call is refused.
    On,
    /// A component has run, with this memory limit.
    Ran(Box<Activation>, u32),
    /// The innermost scope ends without running anything more.
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

/// A sequence or composition that runs, or that ends without running further.
pub struct Composition<'a> {
    invoker: &'a Arc<Invoker>,
    admitted: &'a AdmittedInvocation,
    hold: &'a JobHold,
    /// How many components a sequence or composition may have.
    longest: u32,
}

impl<'a> Composition<'a> {
    pub fn new(invoker: &'a Arc<Invoker>, admitted: &'a AdmittedInvocation, hold: &'a JobHold) -> Self {
        let longest = invoker.gate.limits().sequence_length;
        Composition { invoker, admitted, hold, longest }
    }

    /// Runs to the end. Returns the records that ended last, its own last. `None`: its job has passed to another
    /// worker.
    pub async fn run(&self) -> Option<Vec<Activation>> {
        let mut progress = self.progress();
        loop {
            if self.admitted.running.is_cancelled() {
                return Some(self.records_of(progress.abandon(&refusal(messages::CANCELLED.into()))));
            }
            let (mut records, ended) = match self.step(&mut progress).await {
                StepOutcome::On => continue,
                StepOutcome::Stop(response) => (Vec::new(), progress.stop(response, self.longest)),
                StepOutcome::Ran(record, memory) => {
                    let duration = record.duration_ms.unwrap_or_default();
                    let part = Part::atomic(record.id, record.response.clone(), duration, memory);
                    (vec![*record], progress.take(part, self.longest, self.new_id()))
                }
            };
            records.extend(self.records_of(ended));
            if progress.is_over() {
                return Some(records);
            }
            if !self.keep(&mut progress, records).await {
                return None;
            }
        }
    }

    /// Ends every open scope with the same response, without running anything.
    pub fn abandon(&self, response: &Response) -> Vec<Activation> {
        self.records_of(self.progress().abandon(response))
    }

    fn records_of(&self, ended: Vec<EndedScope>) -> Vec<Activation> {
        ended.into_iter().map(|ended| Record::from_scope(self.admitted, ended, self.invoker.clock.now())).collect()
    }

    /// How far it has come; if nowhere yet, its beginning.
    fn progress(&self) -> Progress {
        self.hold.progress().unwrap_or_else(|| {
            let now = self.invoker.clock.now();
            let waited = now.since(self.admitted.context.accepted).as_millis() as u64;
            let outermost = self.scope(self.admitted.id, &self.admitted.entry, waited);
            let mut progress = Progress::new(outermost, self.admitted.args.clone(), ActivationId::new(now));
            progress.at_attempt(self.hold.first_attempt());
            progress
        })
    }

    fn new_id(&self) -> ActivationId {
        ActivationId::new(self.invoker.clock.now())
    }

    fn scope(&self, id: ActivationId, entry: &ActionEntry, wait_ms: u64) -> Scope {
        let plan = match &entry.action.exec {
            Exec::Sequence { components } => Plan::Sequence { components: components.clone(), done: 0, atoms: 0 },
            Exec::Wasm { .. } | Exec::Builtin => {
                Plan::Conductor(ConductorState::new(self.admitted.identity.namespace.clone()))
            }
        };
        Scope {
            id,
            action: entry.action.name.clone(),
            binding: entry.binding.clone(),
            version: entry.action.version,
            limits: entry.action.limits.clone(),
            start: self.invoker.clock.now(),
            wait_ms,
            logs: Vec::new(),
            duration_ms: 0,
            memory: None,
            plan,
        }
    }

    async fn step(&self, progress: &mut Progress) -> StepOutcome {
        let Some(step) = progress.step(self.longest) else { return StepOutcome::On };
        let (name, conducts) = match step {
            Step::End(response) => return StepOutcome::Stop(response),
            Step::Conduct(name) => (name, true),
            Step::Run(name) => (name, false),
        };
        if !conducts && let Some(refused) = self.refusal_of_call(progress, &name).await {
            progress.refuse_call(refused.to_string());
            return StepOutcome::On;
        }
        let entry = match self.component(&name).await {
            Ok(entry) => entry,
            Err(failure) if conducts => return cannot_conduct(&name, &failure),
            Err(failure) => return cannot_run(progress, &name, &failure),
        };
        if is_composed(&entry) && !conducts {
            progress.enter(self.scope(progress.next_id(), &entry, 0), self.new_id());
            return StepOutcome::On;
        }
        if progress.is_full(self.longest) {
            return StepOutcome::Stop(refusal(messages::SEQUENCE_TOO_LONG.into()));
        }
        let memory = entry.action.limits.memory;
        let record = self.attempt(progress, entry).await;
        StepOutcome::Ran(Box::new(record), memory)
    }

    /// Why a conductor of another namespace may not call this component; `None` if it may. A sequence names its components
    /// for everybody to see.
    async fn refusal_of_call(&self, progress: &Progress, name: &FullName) -> Option<Failure> {
        let scope = progress.innermost().filter(|scope| matches!(scope.plan, Plan::Conductor(_)))?;
        if scope.action.namespace == self.admitted.identity.namespace {
            return None;
        }
        let conductor = self.invoker.catalog.resolve(&scope.asked()).await.ok()?; // without it, the next step fails
        Authority::of(&conductor, &self.admitted.identity).check_invokes(name).err()
    }

    /// The component of this name, if the invoker may activate it.
    async fn component(&self, name: &FullName) -> Result<Arc<ActionEntry>, Failure> {
        match self.invoker.catalog.may_invoke(&self.admitted.identity, name).await {
            // No one has a right to an action whose package is missing. rest.md §5.4.
            Err(Failure::NotFound(_) | Failure::Conflict(_)) => {
                Err(Failure::Forbidden(messages::SEQUENCE_COMPONENT_MISSING.into()))
            }
            allowed => {
                allowed?;
                self.invoker.catalog.resolve(name).await
            }
        }
    }

    async fn attempt(&self, progress: &Progress, entry: Arc<ActionEntry>) -> Activation {
        let component = self.admitted_component(progress, entry);
        let only_once = component.entry.action.annotations.get(keys::REDELIVERY) == Some(&Value::Bool(false));
        if only_once && component.attempt > 1 {
            return self.invoker.runner.not_run(&component, Response::whisk_error(messages::NOT_REDELIVERED));
        }
        self.invoker.runner.run(self.invoker, &component).await
    }

    fn admitted_component(&self, progress: &Progress, entry: Arc<ActionEntry>) -> AdmittedInvocation {
        let args = match progress.input() {
            Value::Object(payload) => {
                let mut args = entry.defaults.clone();
                args.extend(payload.clone());
                Value::Object(args)
            }
            array => array.clone(), // nothing can be merged into it
        };
        let context = &self.admitted.context;
        AdmittedInvocation {
            id: progress.next_id(),
            entry,
            identity: self.admitted.identity.clone(),
            args,
            context: Context {
                transaction: context.transaction.clone(),
                cause: progress.innermost().map(|scope| Cause::Composition(scope.id)),
                extra_logging: context.extra_logging,
                accepted: self.invoker.clock.now(),
                depth: context.depth,
                rerun_of: None,
                chain_began: context.chain_began,
            },
            attempt: self.hold.attempts_of_next(progress),
            terms: Terms::default(),
            callback: None,
            running: self.admitted.running.clone(),
        }
    }

    /// Stores the records and the progress. `false`: the job has passed to another worker.
    async fn keep(&self, progress: &mut Progress, records: Vec<Activation>) -> bool {
        let invoker = self.invoker;
        if self.hold.lease().is_none() {
            let records = records.iter().cloned().map(Arc::new).collect();
            invoker.hand_to_recorder(self.admitted, records).await;
        }
        // In the meantime the queue may have adopted it, with the progress before this component.
        let kept = match self.hold.lease() {
            None => true,
            Some(lease) => {
                progress.at_attempt(lease.attempt);
                let payload = self.hold.payload(self.admitted, progress.clone());
                records.iter().for_each(|record| invoker.recorder.publish(record));
                let records = invoker.owners.records_to_store(&self.admitted.identity, records).await;
                invoker.queue.advance(lease, records, payload).await
            }
        };
        self.hold.keep(progress.clone());
        kept
    }
}

/// A component that is missing or that the invoker may not activate ends a sequence. A conductor gets the refusal.
fn cannot_run(progress: &mut Progress, name: &FullName, failure: &Failure) -> StepOutcome {
    let missing = matches!(failure, Failure::NotFound(_) | Failure::Conflict(_));
    let forbidden = matches!(failure, Failure::Forbidden(_));
    match progress.innermost().map(|scope| &scope.plan) {
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

/// The conductor has been deleted, or may not be invoked any more, since the composition began.
fn cannot_conduct(name: &FullName, failure: &Failure) -> StepOutcome {
    warn!(cause = ?failure, conductor = %name, "conductor could not be loaded");
    StepOutcome::Stop(Response::whisk_error(messages::COMPOSITION_FAILED))
}
