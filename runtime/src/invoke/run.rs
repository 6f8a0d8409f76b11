//! One run: module, environment, sandbox, and the record of what came of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tracing::warn;
use wask_model::{Activation, Exec, Failure, Limits, Response, Timestamp, messages};
use wask_sandbox::{Run, RunLimits};
use wask_store::failpoint::{Stage, reach};

use super::outcome::{Outcome, refusal};
use super::record::{Record, Span};
use super::services::Services;
use super::{AdmittedInvocation, Invoker};

impl Invoker {
    /// Runs the activation once and returns its record. Never fails: what goes wrong is in the record.
    pub(super) async fn run(&self, admitted: &AdmittedInvocation) -> Activation {
        let Some(owner) = self.current(&admitted.identity).await else {
            let response = refusal(messages::NAMESPACE_BLOCKED.into());
            return self.activation(admitted, self.clock.now(), Outcome::without_guest(response));
        };
        match &admitted.entry.action.exec {
            Exec::Wasm { .. } => self.run_guest(admitted, &self.gate.limits_of(&owner)).await,
            Exec::Builtin => self.run_builtin(admitted).await,
            Exec::Sequence { .. } => {
                let response = Response::whisk_error(messages::SEQUENCE_FAILED); // composition runs its components
                self.activation(admitted, self.clock.now(), Outcome::without_guest(response))
            }
        }
    }

    /// `allowed`: what holds for the namespace.
    async fn run_guest(&self, admitted: &AdmittedInvocation, allowed: &Limits) -> Activation {
        let entry = &admitted.entry;
        if let Err(out_of_range) = entry.action.limits.check(allowed) {
            let response = refusal(out_of_range.to_string().into());
            return self.activation(admitted, self.clock.now(), Outcome::without_guest(response));
        }
        let module = match self.catalog.module(entry).await {
            Ok(Some(module)) => module,
            Ok(None) => {
                let response = Response::developer_error(messages::no_code());
                return self.activation(admitted, self.clock.now(), Outcome::without_guest(response));
            }
            Err(failure) => {
                let response = cannot_load(admitted, &failure);
                return self.activation(admitted, self.clock.now(), Outcome::without_guest(response));
            }
        };
        let start = self.clock.now();
        let limits = &entry.action.limits;
        let time = Duration::from_millis(limits.timeout);
        let run = Run {
            args: Bytes::from(serde_json::to_vec(&admitted.args).expect("a JSON value always serializes")),
            env: self.environment(admitted, start.after(time)),
            limits: RunLimits {
                time,
                memory_bytes: u64::from(limits.memory) << 20,
                log_bytes: u64::from(limits.logs) << 20,
                result_bytes: allowed.result_bytes,
                host_calls: allowed.host_calls,
            },
            host: Arc::new(Services::of(self, admitted)),
            clock: Arc::new(self.clock.clone()),
            log_sink: Some(admitted.running.clone()),
            stop: admitted.running.next_stop(),
        };
        reach(Stage::Running);
        let ran = self.sandbox.run(&module, run).await;
        if let Err(cause) = &ran {
            warn!(%cause, activation = %admitted.id, action = %entry.action.name, "sandbox could not run the action");
        }
        self.activation(admitted, start, Outcome::of(ran, allowed.truncation_bytes))
    }

    /// The record of an activation that has ended now.
    pub(super) fn activation(&self, admitted: &AdmittedInvocation, start: Timestamp, outcome: Outcome) -> Activation {
        Record::from_run(admitted, Span { start, end: self.clock.now() }, outcome)
    }
}

fn cannot_load(admitted: &AdmittedInvocation, failure: &Failure) -> Response {
    warn!(cause = ?failure, activation = %admitted.id, action = %admitted.entry.action.name, "action could not be loaded");
    match failure {
        Failure::NotFound(_) => refusal(messages::ACTION_GONE.into()),
        _ => Response::whisk_error(messages::ACTION_UNFETCHABLE),
    }
}
