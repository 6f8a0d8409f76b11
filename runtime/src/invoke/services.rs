//! The services that a guest reaches through its host calls: invoke an action, fire a trigger. Guest contract v1.

use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use wask_model::{ActivationId, Arguments, Failure, FullName, SharedIdentity, Subscription, messages};
use wask_sandbox::{Frame, HostCalls};

use super::{AdmittedInvocation, Context, Invocation, Invoked, Invoker, Wait};
use crate::callbacks::AcceptedSubscription;
use crate::gate::rights;

/// Fires triggers on behalf of a guest. `None`: no rule was active.
#[async_trait]
pub trait FireTriggers: Send + Sync {
    async fn fire(
        &self,
        identity: &SharedIdentity,
        trigger: &FullName,
        payload: Arguments,
        context: Context,
        callback: Option<AcceptedSubscription>,
    ) -> Result<Option<ActivationId>, Failure>;
}

/// The services of one run; they act as the identity that the run acts for.
pub struct Services {
    invoker: Weak<Invoker>,
    identity: SharedIdentity,
    transaction: Arc<str>,
    /// Of the run itself.
    depth: u32,
}

/// The header of a request frame.
#[derive(Deserialize)]
#[serde(tag = "op")]
enum HostRequest {
    #[serde(rename = "actions.invoke")]
    Invoke {
        name: String,
        #[serde(default)]
        blocking: bool,
        #[serde(default)]
        result: bool,
        #[serde(default)]
        timeout: Option<u64>,
    },
    #[serde(rename = "triggers.fire")]
    Fire { name: String },
}

impl Services {
    pub fn of(invoker: &Invoker, admitted: &AdmittedInvocation) -> Self {
        Services {
            invoker: invoker.this.clone(),
            identity: admitted.identity.clone(),
            transaction: admitted.context.transaction.clone(),
            depth: admitted.context.depth,
        }
    }

    async fn serve(&self, request: Frame) -> Result<Value, Failure> {
        let invoker = self.invoker.upgrade().ok_or_else(|| Failure::Unavailable(messages::UNAVAILABLE.into()))?;
        let asked = HostRequest::deserialize(request.header).map_err(|e| Failure::malformed(e.to_string()))?;
        let args = arguments(&request.body)?;
        let shut_out = || Failure::Unauthenticated(messages::AUTHENTICATION_INVALID.into());
        let identity = invoker.current(&self.identity).await.ok_or_else(shut_out)?;
        invoker.gate.check_payload(&identity, request.body.len() as u64)?;
        match asked {
            HostRequest::Invoke { name, blocking, result, timeout } => {
                let wait = match blocking {
                    true => Wait::UpTo(wait_limit(&invoker, timeout)),
                    false => Wait::No,
                };
                self.invoke(&invoker, identity, &name, args, wait).await.map(|invoked| answer(invoked, result))
            }
            HostRequest::Fire { name } => self.fire(&invoker, &identity, &name, args).await,
        }
    }

    async fn invoke(
        &self,
        invoker: &Invoker,
        identity: SharedIdentity,
        name: &str,
        mut args: Arguments,
        wait: Wait,
    ) -> Result<Invoked, Failure> {
        let action = FullName::relative(name, &identity.namespace)?;
        let context = self.context(invoker);
        let in_flight = invoker.gate.enter(&identity, context.accepted)?;
        let in_flight = match wait {
            Wait::No => in_flight,
            Wait::UpTo(_) => in_flight.borrow_callers_permit(), // who would otherwise wait for what waits for him
        };
        invoker.catalog.may_invoke(&identity, &action).await?;
        let callback = invoker.callbacks.accept_any(&identity, Subscription::take(&mut args)?).await?;
        let invocation = Invocation { identity, action, args, wait, context, callback };
        // Boxed: an activation may invoke an activation may invoke …
        Box::pin(invoker.invoke(invocation, in_flight)).await
    }

    async fn fire(
        &self,
        invoker: &Invoker,
        identity: &SharedIdentity,
        name: &str,
        mut payload: Arguments,
    ) -> Result<Value, Failure> {
        let trigger = FullName::relative(name, &identity.namespace)?;
        let context = self.context(invoker);
        invoker.gate.fire(identity, context.accepted)?;
        rights::own_entity(identity, &trigger)?;
        let triggers = invoker.triggers.get().ok_or_else(|| Failure::Unavailable(messages::UNAVAILABLE.into()))?;
        let callback = invoker.callbacks.accept_any(identity, Subscription::take(&mut payload)?).await?;
        let fired = triggers.fire(identity, &trigger, payload, context, callback).await?;
        Ok(fired.map_or_else(|| json!({}), |id| json!({ "activationId": id })))
    }

    fn context(&self, invoker: &Invoker) -> Context {
        Context { depth: self.depth + 1, ..Context::outermost(self.transaction.clone(), invoker.clock.now()) }
    }
}

#[async_trait]
impl HostCalls for Services {
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

fn wait_limit(invoker: &Invoker, asked_ms: Option<u64>) -> Duration {
    let longest = invoker.gate.limits().blocking_wait_ms;
    Duration::from_millis(asked_ms.map_or(longest, |ms| ms.min(longest)))
}

fn answer(invoked: Invoked, result_only: bool) -> Value {
    match invoked {
        Invoked::Accepted(id) => json!({ "activationId": id }),
        Invoked::Ended(record) if result_only => record.response.result.clone(),
        Invoked::Ended(record) => record.to_wire(),
    }
}
