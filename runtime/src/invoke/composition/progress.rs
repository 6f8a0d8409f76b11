//! How far a sequence or composition has come, and what runs next. Pure: looks nothing up and knows no clock.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wask_model::{ActionLimits, ActivationId, FullName, Response, Status, Timestamp, Version, messages};

use super::conductor::{ConductorState, NextStep};

/// Stored in the job, so that a crash repeats at most the component that was running.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The open scopes, outermost first. Empty when the outermost has ended.
    #[serde(rename = "frames")]
    scopes: Vec<Scope>,
    /// The input of the next component: an object, or an array that a component returned.
    input: Value,
    /// The id of the next component. A component that a crash cut off keeps its id.
    next: ActivationId,
    /// The attempt of the job at which this was stored.
    attempts: u32,
}

/// A sequence or composition that has begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scope {
    pub id: ActivationId,
    /// The sequence or the conductor itself.
    pub action: FullName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<FullName>,
    pub version: Version,
    pub limits: ActionLimits,
    pub start: Timestamp,
    pub wait_ms: u64,
    /// Ids of the direct parts, in the order in which they ran.
    pub logs: Vec<ActivationId>,
    /// The sum over the parts.
    pub duration_ms: u64,
    /// The largest memory limit among the parts; `None` until one has run.
    pub memory: Option<u32>,
    pub plan: Plan,
}

/// What decides which component of a scope runs next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plan {
    Sequence {
        components: Vec<FullName>,
        done: usize,
        /// Atomic actions that have run since the outermost of directly nested sequences began.
        atoms: u32,
    },
    Conductor(ConductorState),
}

/// What a scope needs next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Run this action and give its result to the scope.
    Run(FullName),
    /// Run the conductor itself.
    Conduct(FullName),
    /// Nothing: the scope ends with this response.
    End(Response),
}

/// What ended inside a scope.
pub struct Part {
    pub id: ActivationId,
    pub response: Response,
    pub duration_ms: u64,
    pub memory: Option<u32>,
    counted: PartCount,
}

/// How a part counts against the limits of the scope around it.
enum PartCount {
    Action,
    Sequence { atoms: u32 },
    Composition { components: u32, runs: u32 },
}

/// A scope that has ended, and its response.
#[derive(Debug)]
pub struct EndedScope {
    pub scope: Scope,
    pub response: Response,
    /// The scope around it; `None` for the outermost.
    pub cause: Option<ActivationId>,
}

impl Progress {
    /// A scope in which nothing has run. `next`: the id of the first component.
    pub fn new(scope: Scope, input: Value, next: ActivationId) -> Self {
        Progress { scopes: vec![scope], input, next, attempts: 1 }
    }

    pub fn is_over(&self) -> bool {
        self.scopes.is_empty()
    }

    /// The innermost open scope.
    pub fn innermost(&self) -> Option<&Scope> {
        self.scopes.last()
    }

    pub fn input(&self) -> &Value {
        &self.input
    }

    pub fn input_mut(&mut self) -> &mut Value {
        &mut self.input
    }

    pub fn next_id(&self) -> ActivationId {
        self.next
    }

    /// How often the next component was begun, this time included, if the job is at `attempt`.
    pub fn attempt_within(&self, attempt: u32) -> u32 {
        attempt.saturating_sub(self.attempts) + 1
    }

    /// Notes the attempt of the job that stores this.
    pub fn at_attempt(&mut self, attempt: u32) {
        self.attempts = attempt;
    }

    /// The attempt of the job that should have continued here did not start.
    pub fn did_not_begin(&mut self) {
        self.attempts += 1;
    }

    /// What the innermost scope needs next. `longest`: how many components a sequence or composition may have.
    pub fn step(&self, longest: u32) -> Option<Step> {
        let scope = self.innermost()?;
        Some(match &scope.plan {
            Plan::Sequence { components, done, .. } => match components.get(*done) {
                Some(component) => Step::Run(component.clone()),
                None => Step::End(Response::success(self.input.clone())), // a stored sequence without components
            },
            Plan::Conductor(conducting) => match &conducting.next_step {
                NextStep::Call(component) => Step::Run(component.clone()),
                NextStep::Decide if conducting.may_decide(longest) => Step::Conduct(scope.asked()),
                NextStep::Decide => Step::End(Response::application_error(messages::COMPOSITION_TOO_LONG)),
            },
        })
    }

    /// Whether the innermost scope is a sequence that has run its maximum of atomic actions.
    pub fn is_full(&self, longest: u32) -> bool {
        matches!(self.innermost(), Some(Scope { plan: Plan::Sequence { atoms, .. }, .. }) if *atoms >= longest)
    }

    /// Opens a scope inside the innermost one. Its counters continue those of the scope around it.
    pub fn enter(&mut self, mut scope: Scope, next: ActivationId) {
        match (self.innermost().map(|around| &around.plan), &mut scope.plan) {
            (Some(Plan::Sequence { atoms: before, .. }), Plan::Sequence { atoms, .. }) => *atoms = *before,
            (Some(Plan::Conductor(around)), Plan::Conductor(inner)) => inner.continue_from(around),
            _ => (),
        }
        self.scopes.push(scope);
        self.next = next;
    }

    /// Takes the end of an atomic action. Returns the scopes that end with it, innermost first.
    pub fn take(&mut self, part: Part, longest: u32, next: ActivationId) -> Vec<EndedScope> {
        self.next = next;
        let mut ended = Vec::new();
        let mut part = Some(part);
        while let Some(taken) = part.take() {
            let Some(scope) = self.scopes.last_mut() else { break };
            if let Some(response) = scope.take(taken, longest, &mut self.input) {
                part = self.pop(response, &mut ended);
            }
        }
        ended
    }

    /// Ends the innermost scope without running anything more in it.
    pub fn stop(&mut self, response: Response, longest: u32) -> Vec<EndedScope> {
        let (next, mut ended) = (self.next, Vec::new());
        if let Some(part) = self.pop(response, &mut ended) {
            ended.extend(self.take(part, longest, next));
        }
        ended
    }

    /// Ends every scope with the same response.
    pub fn abandon(&mut self, response: &Response) -> Vec<EndedScope> {
        let mut ended = Vec::new();
        while !self.scopes.is_empty() {
            self.pop(response.clone(), &mut ended);
        }
        ended
    }

    /// Gives the innermost conductor the reason why its call was refused.
    pub fn refuse_call(&mut self, error: String) {
        if let Some(Scope { plan: Plan::Conductor(conducting), .. }) = self.scopes.last_mut() {
            self.input = conducting.answer(json!({ "error": error }));
        }
    }

    /// Closes the innermost scope. Returns it as a part of the scope around it, if there is one.
    fn pop(&mut self, response: Response, ended: &mut Vec<EndedScope>) -> Option<Part> {
        let scope = self.scopes.pop()?;
        let around = self.innermost().map(|around| around.id);
        let part = Part {
            id: scope.id,
            response: response.clone(),
            duration_ms: scope.duration_ms,
            memory: scope.memory,
            counted: match &scope.plan {
                Plan::Sequence { atoms, .. } => PartCount::Sequence { atoms: *atoms },
                Plan::Conductor(c) => PartCount::Composition { components: c.components, runs: c.runs },
            },
        };
        ended.push(EndedScope { scope, response, cause: around });
        around.is_some().then_some(part)
    }
}

impl Part {
    /// An atomic action that ran.
    pub fn atomic(id: ActivationId, response: Response, duration_ms: u64, memory: u32) -> Self {
        Part { id, response, duration_ms, memory: Some(memory), counted: PartCount::Action }
    }
}

impl Scope {
    /// The name under which it was invoked: the name through the binding, if there is one.
    pub fn asked(&self) -> FullName {
        match &self.binding {
            Some(binding) => {
                FullName::packaged(binding.namespace.clone(), binding.name.clone(), self.action.name.clone())
            }
            None => self.action.clone(),
        }
    }

    /// Takes the end of one of its parts. `Some`: the scope ends with this response.
    fn take(&mut self, part: Part, longest: u32, input: &mut Value) -> Option<Response> {
        self.logs.push(part.id);
        self.duration_ms += part.duration_ms;
        self.memory = self.memory.max(part.memory);
        match &mut self.plan {
            Plan::Sequence { components, done, atoms } => {
                *atoms = match part.counted {
                    PartCount::Sequence { atoms } => atoms,
                    PartCount::Action | PartCount::Composition { .. } => *atoms + 1,
                };
                *done += 1;
                if part.response.status != Status::Success || components.len() <= *done {
                    return Some(part.response);
                }
                *input = part.response.result;
                None
            }
            Plan::Conductor(conducting) => {
                if let PartCount::Composition { components, runs } = part.counted {
                    (conducting.components, conducting.runs) = (components, runs);
                }
                conducting.take(part.response, longest, input)
            }
        }
    }
}
