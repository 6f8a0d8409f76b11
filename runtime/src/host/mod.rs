//! The services that a guest reaches through its host calls, one file per service. Guest contract v1.
//!
//! ```text
//! frame ─▶ HostRequest ─▶ owner as of now (401) ─▶ size (413) ─▶ actions | triggers ─▶ authority (403) ─▶ frame
//! ```
//!
//! This room is above `invoke` and `firing`, because its services invoke and fire.

mod actions;
mod triggers;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use wask_model::{Arguments, Failure, SharedIdentity, Timestamp, messages};
use wask_sandbox::{Frame, HostCalls};

use crate::clock::Clock;
use crate::firing::Firing;
use crate::gate::Gate;
use crate::invoke::{Admission, AdmittedInvocation, Authority, Context, HostServices, Invoker};

/// Creates the services of runs.
pub struct Host(Arc<HostParts>);

/// What a [`Host`] is made of.
pub struct HostParts {
    pub admission: Arc<Admission>,
    pub firing: Arc<Firing>,
    pub gate: Arc<Gate>,
    pub clock: Clock,
}

/// The services of one run. They act as the identity of the run, as far as its authority goes.
struct RunServices {
    host: Arc<HostParts>,
    invoker: Arc<Invoker>,
    identity: SharedIdentity,
    authority: Authority,
    transaction: Arc<str>,
    /// The depth of the run itself.
    depth: u32,
    /// When the first run of its chain began, which may be itself.
    chain_began: Timestamp,
}

/// The header of a request frame.
#[derive(Deserialize)]
#[serde(tag = "op")]
enum HostRequest {
    #[serde(rename = "actions.invoke")]
    Invoke(actions::Invoke),
    #[serde(rename = "triggers.fire")]
    Fire(triggers::Fire),
}

impl Host {
    pub fn new(parts: HostParts) -> Self {
        Host(Arc::new(parts))
    }
}

impl HostServices for Host {
    fn for_run(&self, invoker: &Arc<Invoker>, admitted: &AdmittedInvocation) -> Arc<dyn HostCalls> {
        Arc::new(RunServices {
            host: self.0.clone(),
            invoker: invoker.clone(),
            identity: admitted.identity.clone(),
            authority: Authority::of(&admitted.entry, &admitted.identity),
            transaction: admitted.context.transaction.clone(),
            depth: admitted.context.depth,
            chain_began: admitted.context.chain_began.unwrap_or_else(|| self.0.clock.now()),
        })
    }
}

impl RunServices {
    async fn serve(&self, request: Frame) -> Result<Value, Failure> {
        let asked = HostRequest::deserialize(request.header).map_err(|e| Failure::malformed(messages::quoted(e)))?;
        let args = arguments(&request.body)?;
        let shut_out = || Failure::Unauthenticated(messages::AUTHENTICATION_INVALID.into());
        let identity = self.invoker.current_owner(&self.identity).await.ok_or_else(shut_out)?;
        self.host.gate.check_payload(&identity, request.body.len() as u64)?;
        match asked {
            HostRequest::Invoke(asked) => self.invoke(identity, asked, args).await,
            HostRequest::Fire(asked) => self.fire(identity, asked, args).await,
        }
    }

    /// The context of what the run invokes or fires: one deeper than the run.
    fn context(&self) -> Context {
        Context {
            depth: self.depth + 1,
            chain_began: Some(self.chain_began),
            ..Context::outermost(self.transaction.clone(), self.host.clock.now())
        }
    }
}

#[async_trait]
impl HostCalls for RunServices {
    async fn call(&self, request: Frame) -> Frame {
        match self.serve(request).await {
            Ok(answer) => {
                let body = serde_json::to_vec(&answer).expect("a JSON value always serializes");
                Frame { header: json!({ "ok": true }), body: Bytes::from(body) }
            }
            Err(failure) => {
                let header = json!({ "ok": false, "reason": failure.reason(), "error": failure.to_string() });
                Frame { header, body: Bytes::new() }
            }
        }
    }
}

fn arguments(body: &[u8]) -> Result<Arguments, Failure> {
    if body.is_empty() {
        return Ok(Arguments::new());
    }
    serde_json::from_slice(body).map_err(|_| Failure::malformed(messages::OBJECT_EXPECTED))
}
