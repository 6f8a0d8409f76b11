//! Running an ended activation again, on its own input or on another, as a new activation that names the old one.

use serde_json::Value;
use wask_model::annotations::keys;
use wask_model::{Activation, ActivationId, Arguments, Failure, FullName, NamespaceName, messages};

use super::Invoker;

/// What a rerun runs: the action is invoked, or the trigger fired.
pub enum Rerun {
    Action(FullName, Arguments),
    Trigger(FullName, Arguments),
}

impl Invoker {
    /// The input of an ended activation, or the event of a firing · 404 · 409 it is not kept.
    pub async fn input(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Arguments, Failure> {
        let record = self.ended(namespace, id).await?;
        input_of(&record).ok_or_else(|| Failure::Conflict(messages::INPUT_NOT_KEPT.into()))
    }

    /// What a rerun of an ended activation runs, on `input` or on the activation's own · 404 · 409 its input is not
    /// kept, or it was part of a composition.
    pub async fn rerun(
        &self,
        namespace: &NamespaceName,
        id: ActivationId,
        input: Option<Arguments>,
    ) -> Result<Rerun, Failure> {
        let record = self.ended(namespace, id).await?;
        if record.annotations.get(keys::CAUSED_BY).is_some() {
            return Err(Failure::Conflict(messages::RERUN_OF_COMPONENT.into()));
        }
        let args = input.or_else(|| input_of(&record));
        let args = args.ok_or_else(|| Failure::Conflict(messages::INPUT_NOT_KEPT.into()))?;
        if record.filter_kind() == Activation::KIND_OF_TRIGGERS {
            let trigger = FullName::new(record.namespace.clone(), record.name.clone());
            return Ok(Rerun::Trigger(trigger, args));
        }
        Ok(Rerun::Action(name_of(&record)?, args))
    }

    async fn ended(&self, namespace: &NamespaceName, id: ActivationId) -> Result<Activation, Failure> {
        self.records().get(namespace, id).await?.ok_or_else(Failure::not_found)
    }
}

/// The event of a trigger is the result of its record.
fn input_of(record: &Activation) -> Option<Arguments> {
    match record.filter_kind() {
        Activation::KIND_OF_TRIGGERS => record.response.result.as_object().cloned(),
        _ => record.input.clone(),
    }
}

/// The name under which it was invoked: the name through the binding, if there is one.
fn name_of(record: &Activation) -> Result<FullName, Failure> {
    let text = |key: &str| record.annotations.get(key).and_then(Value::as_str);
    let path = match (text(keys::BINDING), text(keys::PATH)) {
        (Some(binding), _) => format!("{binding}/{}", record.name),
        (None, Some(path)) => path.to_owned(),
        (None, None) => format!("{}/{}", record.namespace, record.name),
    };
    FullName::qualified(&path, &record.namespace)
}
