//! The rerun of an ended activation: the only door through which a caller may either invoke or fire.

use std::sync::Arc;

use wask_model::{ActivationId, Arguments, Failure, SharedIdentity};

use super::{Fire, Firing};
use crate::invoke::{Context, Entrance, Invocation, Invoker, Rerun, Wait};

impl Firing {
    /// Runs an ended activation again without waiting, on `input` or on the activation's own. `None`: it was a firing,
    /// and no rule is active now. 404 · 409 its input is not kept, or it was part of a composition · 429.
    pub async fn rerun(
        &self,
        invoker: &Arc<Invoker>,
        identity: SharedIdentity,
        (id, input): (ActivationId, Option<Arguments>),
        context: Context,
    ) -> Result<Option<ActivationId>, Failure> {
        let context = Context { rerun_of: Some(id), ..context };
        let accepted = context.accepted;
        match invoker.rerun(&identity.namespace, id, input).await? {
            Rerun::Action(action, args) => {
                let in_flight = self.admission.admit(&identity, &action, accepted).await?;
                let request = Invocation { identity, action, args, wait: Wait::No, context, callback: None };
                let reply = invoker.invoke(request, Entrance::InFlight(in_flight)).await?;
                Ok(Some(reply.get().invoked.id()))
            }
            Rerun::Trigger(trigger, payload) => {
                self.admission.admit_firing(&identity, &trigger, accepted)?;
                let id = ActivationId::new(accepted);
                self.fire(Fire { id, identity, trigger, payload, headers: None, context, callback: None }).await
            }
        }
    }
}
