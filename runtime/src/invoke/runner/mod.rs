//! Runs one attempt: module, environment, sandbox, outcome, record. Keeps no books.

mod environment;
pub(super) mod outcome;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tracing::warn;
use wask_model::{Activation, Exec, Failure, FullName, Limits, Response, Timestamp, Weight as _, messages};
use wask_sandbox::{GuestClock, HostCalls, Run, RunLimits, Sandbox};
use wask_store::failpoint::{Stage, reach};

use outcome::{Outcome, refusal};

use super::builtin::Builtin;
use super::owner::Owners;
use super::record::{Record, Span};
use super::{AdmittedInvocation, Invoker};
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::gate::Gate;
use crate::memory::{Place, PlaceWanted, Places};

/// Creates the services of one run. Implemented in a higher room, because services invoke and fire.
pub trait HostServices: Send + Sync {
    fn for_run(&self, invoker: &Arc<Invoker>, admitted: &AdmittedInvocation) -> Arc<dyn HostCalls>;
}

/// Runs activations, one attempt at a time.
pub struct Runner {
    sandbox: Sandbox,
    catalog: Arc<Catalog>,
    gate: Arc<Gate>,
    owners: Owners,
    clock: Clock,
    guest_clock: Arc<dyn GuestClock>,
    host: Arc<dyn HostServices>,
    builtins: HashMap<FullName, Arc<dyn Builtin>>,
    places: Places,
    place_wait: Duration,
    api_host: String,
}

/// What a [`Runner`] is made of.
pub struct RunnerParts {
    pub sandbox: Sandbox,
    pub catalog: Arc<Catalog>,
    pub gate: Arc<Gate>,
    pub owners: Owners,
    pub clock: Clock,
    pub host: Arc<dyn HostServices>,
    pub builtins: HashMap<FullName, Arc<dyn Builtin>>,
    pub places: Places,
    /// How long a run waits for a place.
    pub place_wait: Duration,
    pub api_host: String,
}

impl Runner {
    pub fn new(parts: RunnerParts) -> Self {
        let RunnerParts { sandbox, catalog, gate, owners, clock, host, builtins, places, place_wait, api_host } = parts;
        let guest_clock = Arc::new(clock.clone());
        Runner { sandbox, catalog, gate, owners, clock, guest_clock, host, builtins, places, place_wait, api_host }
    }

    /// Runs the activation once and returns its record. Never fails: the record says what went wrong.
    pub async fn run(&self, invoker: &Arc<Invoker>, admitted: &AdmittedInvocation) -> Activation {
        let Some(owner) = self.owners.current(&admitted.identity).await else {
            return self.not_run(admitted, refusal(messages::NAMESPACE_BLOCKED.into()));
        };
        match &admitted.entry.action.exec {
            Exec::Wasm { .. } => self.guest(invoker, admitted, &self.gate.limits_of(&owner)).await,
            Exec::Builtin => self.builtin(admitted).await,
            // A composition runs its components instead.
            Exec::Sequence { .. } => self.not_run(admitted, Response::whisk_error(messages::SEQUENCE_FAILED)),
        }
    }

    /// `allowed`: the limits of the namespace.
    async fn guest(&self, invoker: &Arc<Invoker>, admitted: &AdmittedInvocation, allowed: &Limits) -> Activation {
        let entry = &admitted.entry;
        if let Err(out_of_range) = entry.action.limits.check(allowed) {
            return self.not_run(admitted, refusal(out_of_range.to_string().into()));
        }
        let module = match self.catalog.module(entry).await {
            Ok(Some(module)) => module,
            Ok(None) => return self.not_run(admitted, Response::developer_error(messages::no_code())),
            Err(failure) => return self.not_run(admitted, cannot_load(admitted, &failure)),
        };
        let args = Bytes::from(serde_json::to_vec(&admitted.args).expect("a JSON value always serializes"));
        let limits = &entry.action.limits;
        let memory_bytes = u64::from(limits.memory) << 20;
        let wanted = module.initial_memory_bytes().min(memory_bytes) + args.len() as u64 + admitted.args.weight();
        let place = match self.place(admitted, wanted).await {
            Ok(place) => place,
            Err(response) => return self.not_run(admitted, response),
        };
        let start = self.clock.now(); // its time begins when it has a place
        let time = Duration::from_millis(limits.timeout);
        let env = match self.environment(admitted, (start, start.after(time)), allowed).await {
            Ok(env) => env,
            Err(failure) => return self.not_run(admitted, cannot_load(admitted, &failure)),
        };
        let run = Run {
            args,
            env,
            limits: RunLimits {
                time,
                memory_bytes,
                log_bytes: u64::from(limits.logs) << 20,
                result_bytes: allowed.result_bytes,
                host_calls: allowed.host_calls,
            },
            host: self.host.for_run(invoker, admitted),
            clock: self.guest_clock.clone(),
            log_sink: Some(admitted.running.clone()),
            stop: admitted.running.next_stop(),
            memory: place,
            share: (&admitted.identity.namespace).into(),
        };
        reach(Stage::Running);
        let report = self.sandbox.run(&module, run).await;
        if let Err(cause) = &report {
            warn!(%cause, activation = %admitted.id, action = %entry.action.name, "sandbox could not run the action");
        }
        self.record(admitted, start, Outcome::of(report, allowed.truncation_bytes).await)
    }

    /// A place for the guest, as soon as it is its namespace's turn. `Err`: there was none in time, or the activation was
    /// cancelled while it waited.
    async fn place(&self, admitted: &AdmittedInvocation, bytes: u64) -> Result<Arc<Place>, Response> {
        let wanted = PlaceWanted { bytes, depth: admitted.context.depth.saturating_sub(1) };
        let until = async { self.clock.sleep(self.place_wait).await };
        tokio::select! {
            biased;
            place = self.places.take(admitted.identity.namespace.as_str(), wanted, until) => {
                place.map_err(Response::whisk_error)
            }
            () = admitted.running.cancelled() => Err(refusal(messages::CANCELLED.into())),
        }
    }

    async fn builtin(&self, admitted: &AdmittedInvocation) -> Activation {
        let start = self.clock.now();
        let response = match self.builtins.get(&admitted.entry.action.name) {
            Some(builtin) => builtin.run(&admitted.identity, &admitted.args).await,
            None => Response::whisk_error(messages::ACTION_UNFETCHABLE),
        };
        self.record(admitted, start, Outcome::without_guest(response))
    }

    /// The record of an attempt that did not reach a guest.
    pub fn not_run(&self, admitted: &AdmittedInvocation, response: Response) -> Activation {
        self.record(admitted, self.clock.now(), Outcome::without_guest(response))
    }

    fn record(&self, admitted: &AdmittedInvocation, start: Timestamp, outcome: Outcome) -> Activation {
        Record::from_run(admitted, Span { start, end: self.clock.now() }, outcome)
    }
}

fn cannot_load(admitted: &AdmittedInvocation, failure: &Failure) -> Response {
    let action = &admitted.entry.action.name;
    warn!(cause = ?failure, activation = %admitted.id, %action, "action could not be loaded");
    match failure {
        Failure::NotFound(_) => refusal(messages::ACTION_GONE.into()),
        Failure::Unavailable(for_now) => Response::whisk_error(for_now.clone()),
        _ => Response::whisk_error(messages::ACTION_UNFETCHABLE),
    }
}
