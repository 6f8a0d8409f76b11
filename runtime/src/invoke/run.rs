//! One run: module, environment, sandbox, and the record of what came of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tracing::warn;
use wask_model::{Activation, Annotations, Exec, Failure, Kind, Limits, Response, Status, Timestamp, messages};
use wask_sandbox::{Run, RunLimits};
use wask_store::failpoint::{Stage, reach};

use super::asynchronous::CANCELLED;
use super::outcome::{Outcome, refusal};
use super::services::Services;
use super::{AdmittedInvocation, Cause, Invoker};

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

    /// The record of an activation that has ended now. REST contract §4.2, §4.3.
    pub(super) fn activation(&self, admitted: &AdmittedInvocation, start: Timestamp, outcome: Outcome) -> Activation {
        let action = &admitted.entry.action;
        let end = self.clock.now();
        let limits = serde_json::to_value(&action.limits).expect("limits always serialize");
        let waited = start.since(admitted.context.accepted).as_millis() as u64;
        let mut annotations = Annotations::default()
            .with("path", action.name.to_string())
            .with("kind", action.kind().as_str())
            .with("timeout", outcome.timed_out)
            .with("limits", limits)
            .with("waitTime", waited);
        if let (Some(init), true) = (outcome.init, admitted.entry.is_cold()) {
            annotations.set("initTime", json!(init.as_millis() as u64));
        }
        if let Some(Cause::Composition(_)) = admitted.context.cause {
            annotations.set("causedBy", Kind::SEQUENCE);
        }
        if let Some(binding) = &admitted.entry.binding {
            annotations.set("binding", binding.to_string());
        }
        if 1 < admitted.attempt {
            annotations.set("attempts", admitted.attempt);
        }
        if let Some(origin) = admitted.context.rerun_of {
            annotations.set("rerunOf", origin.to_string());
        }
        if admitted.running.is_cancelled() && outcome.response.status != Status::Success {
            annotations.set(CANCELLED, true);
        }
        Activation {
            id: admitted.id,
            namespace: admitted.identity.namespace.clone(),
            name: action.name.name.clone(),
            version: action.version,
            subject: admitted.identity.subject.clone(),
            start,
            end: Some(end),
            duration_ms: Some(end.since(start).as_millis() as u64),
            cause: admitted.context.cause.map(Cause::id),
            response: outcome.response,
            logs: outcome.logs,
            annotations,
            input: None,
        }
    }
}

fn cannot_load(admitted: &AdmittedInvocation, failure: &Failure) -> Response {
    warn!(cause = ?failure, activation = %admitted.id, action = %admitted.entry.action.name, "action could not be loaded");
    match failure {
        Failure::NotFound(_) => refusal(messages::ACTION_GONE.into()),
        _ => Response::whisk_error(messages::ACTION_UNFETCHABLE),
    }
}
