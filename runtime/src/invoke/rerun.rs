//! RunningActivation again what has ended: on the same arguments or on others, as another activation that says whose rerun it is.

use serde_json::Value;
use wask_model::annotations::keys;
use wask_model::{Activation, ActivationId, Arguments, Failure, FullName, NamespaceName, SharedIdentity, messages};

use super::{Context, Invocation, Invoker, Wait};
use crate::gate::rights;

impl Invoker {
    /// The arguments of an ended activation · 404 · 409 they are not kept.
    pub async fn input(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Arguments, Failure> {
        let record = self.ended(namespace, id).await?;
        input_of(&record).ok_or_else(|| Failure::Conflict(messages::INPUT_NOT_KEPT.into()))
    }

    /// Runs an ended activation again without waiting: on `input`, or on what it was given. `None`: the activation was that of
    /// a trigger, and no rule is active now. 404 · 409 its input is not kept, or it was part of a composition · 429.
    pub async fn rerun(
        &self,
        identity: SharedIdentity,
        id: ActivationId,
        input: Option<Arguments>,
        context: Context,
    ) -> Result<Option<ActivationId>, Failure> {
        let record = self.ended(&identity.namespace, id).await?;
        if record.annotations.get(keys::CAUSED_BY).is_some() {
            return Err(Failure::Conflict(messages::RERUN_OF_COMPONENT.into()));
        }
        let args = input.or_else(|| input_of(&record));
        let args = args.ok_or_else(|| Failure::Conflict(messages::INPUT_NOT_KEPT.into()))?;
        let context = Context { rerun_of: Some(id), ..context };
        if record.filter_kind() == Activation::KIND_OF_TRIGGERS {
            return self.fire_again(&identity, &record, args, context).await;
        }
        let action = name_of(&record)?;
        let in_flight = self.gate.enter(&identity, context.accepted)?;
        self.catalog.may_invoke(&identity, &action).await?;
        let invocation = Invocation { identity, action, args, wait: Wait::No, context, callback: None };
        Ok(Some(self.invoke(invocation, in_flight).await?.id()))
    }

    async fn fire_again(
        &self,
        identity: &SharedIdentity,
        record: &Activation,
        payload: Arguments,
        context: Context,
    ) -> Result<Option<ActivationId>, Failure> {
        self.gate.fire(identity, context.accepted)?;
        let trigger = FullName::new(record.namespace.clone(), record.name.clone());
        rights::own_entity(identity, &trigger)?;
        let triggers = self.triggers.get().ok_or_else(|| Failure::Unavailable(messages::UNAVAILABLE.into()))?;
        triggers.fire(identity, &trigger, payload, context, None).await
    }

    async fn ended(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Activation, Failure> {
        if let Some(record) = self.store.activation(namespace, id).await? {
            return Ok(record);
        }
        self.flush_records().await;
        self.store.activation(namespace, id).await?.ok_or_else(Failure::not_found)
    }
}

/// Of a trigger, the event.
fn input_of(record: &Activation) -> Option<Arguments> {
    match record.filter_kind() {
        Activation::KIND_OF_TRIGGERS => record.response.result.as_object().cloned(),
        _ => record.input.clone(),
    }
}

/// The name under which it was invoked: that of the binding, where there is one.
fn name_of(record: &Activation) -> Result<FullName, Failure> {
    let text = |key: &str| record.annotations.get(key).and_then(Value::as_str);
    let path = match (text(keys::BINDING), text(keys::PATH)) {
        (Some(binding), _) => format!("{binding}/{}", record.name),
        (None, Some(path)) => path.to_owned(),
        (None, None) => format!("{}/{}", record.namespace, record.name),
    };
    FullName::qualified(&path, &record.namespace)
}
