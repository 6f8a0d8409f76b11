//! How far a sequence or composition has come and what comes next. Pure: looks nothing up, asks no clock.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wask_model::{ActionLimits, ActivationId, FullName, Response, Status, Timestamp, Version, messages};

use super::conductor::{ConductorState, NextStep};

/// Kept in the job, so that a crash repeats at most the component that was running.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What encloses what, outermost first. Empty when the outermost has ended.
    #[serde(rename = "frames")]
    scopes: Vec<Scope>,
    /// What the next activation gets: an object, or an array that a component returned.
    input: Value,
    /// The id of the next activation: one that a crash cut off keeps its own.
    next: ActivationId,
    /// Attempts of the job begun when this was kept.
    attempts: u32,
}

/// One sequence or composition that has begun.
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
    /// Sum over the parts.
    pub duration_ms: u64,
    /// The largest memory limit among the parts; `None` until one has run.
    pub memory: Option<u32>,
    pub plan: Plan,
}

/// What a frame goes by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plan {
    Sequence {
        components: Vec<FullName>,
        done: usize,
        /// Atomic actions run since the outermost of the sequences that enclose each other directly.
        atoms: u32,
    },
    Conductor(ConductorState),
}

/// What a frame wants next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Run this action and hand its result to the frame.
    Run(FullName),
    /// Run the conductor itself.
    Conduct(FullName),
    /// Nothing: it ends like this.
    End(Response),
}

/// What ended inside a frame.
pub struct Part {
    pub id: ActivationId,
    pub response: Response,
    pub duration_ms: u64,
    pub memory: Option<u32>,
    counted: PartCount,
}

/// How a part counts against the limits of what encloses it.
enum PartCount {
    Action,
    Sequence { atoms: u32 },
    Composition { components: u32, runs: u32 },
}

/// A frame that has ended, with what it ended with.
#[derive(Debug)]
pub struct EndedScope {
    pub scope: Scope,
    pub response: Response,
    /// The frame around it; `None` for the outermost.
    pub cause: Option<ActivationId>,
}

impl Progress {
    /// Nothing has run yet; `next` is the id of the first component.
    pub fn new(frame: Scope, input: Value, next: ActivationId) -> Self {
        Progress { scopes: vec![frame], input, next, attempts: 1 }
    }

    pub fn is_over(&self) -> bool {
        self.scopes.is_empty()
    }

    /// The innermost frame that has begun.
    pub fn innermost(&self) -> Option<&Scope> {
        self.scopes.last()
    }

    pub fn input(&self) -> &Value {
        &self.input
    }

    pub fn next_id(&self) -> ActivationId {
        self.next
    }

    /// How often the next component is begun, counting this time, in a job that is at `attempt`.
    pub fn attempt_within(&self, attempt: u32) -> u32 {
        attempt.saturating_sub(self.attempts) + 1
    }

    /// To be kept by a job that is at `attempt`.
    pub fn at_attempt(&mut self, attempt: u32) {
        self.attempts = attempt;
    }

    /// The attempt of the job that was to go on from here did not come to it.
    pub fn did_not_begin(&mut self) {
        self.attempts += 1;
    }

    /// What the innermost frame wants next. `longest`: how many components anything may have.
    pub fn step(&self, longest: u32) -> Option<Step> {
        let frame = self.innermost()?;
        Some(match &frame.plan {
            Plan::Sequence { components, done, .. } => match components.get(*done) {
                Some(component) => Step::Run(component.clone()),
                None => Step::End(Response::success(self.input.clone())), // a stored sequence without components
            },
            Plan::Conductor(conducting) => match &conducting.next_step {
                NextStep::Call(component) => Step::Run(component.clone()),
                NextStep::Decide if conducting.may_decide(longest) => Step::Conduct(frame.asked()),
                NextStep::Decide => Step::End(Response::application_error(messages::COMPOSITION_TOO_LONG)),
            },
        })
    }

    /// Whether the sequence in charge has run as many atomic actions as it may.
    pub fn is_full(&self, longest: u32) -> bool {
        matches!(self.innermost(), Some(Scope { plan: Plan::Sequence { atoms, .. }, .. }) if longest <= *atoms)
    }

    /// Begins a sequence or composition inside the innermost frame; its counters go on from those around it.
    pub fn enter(&mut self, mut frame: Scope, next: ActivationId) {
        match (self.innermost().map(|around| &around.plan), &mut frame.plan) {
            (Some(Plan::Sequence { atoms: before, .. }), Plan::Sequence { atoms, .. }) => *atoms = *before,
            (Some(Plan::Conductor(around)), Plan::Conductor(inner)) => inner.continue_from(around),
            _ => (),
        }
        self.scopes.push(frame);
        self.next = next;
    }

    /// Takes the end of an atomic action in. Returns the frames that end with it, innermost first.
    pub fn took(&mut self, part: Part, longest: u32, next: ActivationId) -> Vec<EndedScope> {
        self.next = next;
        let mut ended = Vec::new();
        let mut part = Some(part);
        while let Some(taken) = part.take() {
            let Some(frame) = self.scopes.last_mut() else { break };
            if let Some(response) = frame.take(taken, longest, &mut self.input) {
                part = self.pop(response, &mut ended);
            }
        }
        ended
    }

    /// Ends the innermost frame without running anything more in it.
    pub fn stop(&mut self, response: Response, longest: u32) -> Vec<EndedScope> {
        let (next, mut ended) = (self.next, Vec::new());
        if let Some(part) = self.pop(response, &mut ended) {
            ended.extend(self.took(part, longest, next));
        }
        ended
    }

    /// Ends every frame with the same response: nobody can tell what became of the component.
    pub fn abandon(&mut self, response: &Response) -> Vec<EndedScope> {
        let mut ended = Vec::new();
        while !self.scopes.is_empty() {
            self.pop(response.clone(), &mut ended);
        }
        ended
    }

    /// Tells the conductor in charge that what it called for cannot be run.
    pub fn refuse_call(&mut self, error: String) {
        if let Some(Scope { plan: Plan::Conductor(conducting), .. }) = self.scopes.last_mut() {
            self.input = conducting.answer(json!({ "error": error }));
        }
    }

    /// Removes the innermost frame; returns it as a part of the one around it, if there is one.
    fn pop(&mut self, response: Response, ended: &mut Vec<EndedScope>) -> Option<Part> {
        let frame = self.scopes.pop()?;
        let around = self.innermost().map(|around| around.id);
        let part = Part {
            id: frame.id,
            response: response.clone(),
            duration_ms: frame.duration_ms,
            memory: frame.memory,
            counted: match &frame.plan {
                Plan::Sequence { atoms, .. } => PartCount::Sequence { atoms: *atoms },
                Plan::Conductor(c) => PartCount::Composition { components: c.components, runs: c.runs },
            },
        };
        ended.push(EndedScope { scope: frame, response, cause: around });
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
    /// The name under which it was invoked: that of the binding, where there is one.
    fn asked(&self) -> FullName {
        match &self.binding {
            Some(binding) => {
                FullName::packaged(binding.namespace.clone(), binding.name.clone(), self.action.name.clone())
            }
            None => self.action.clone(),
        }
    }

    /// Takes the end of one of its parts in. `Some`: the frame ends with this response.
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
