//! `triggers.fire`: a guest fires a trigger of its own namespace.

use serde::Deserialize;
use serde_json::{Value, json};
use wask_model::{ActivationId, Arguments, Failure, FullName, SharedIdentity, Subscription};

use super::RunServices;
use crate::firing;

/// The request of a guest.
#[derive(Deserialize)]
pub struct Fire {
    name: String,
}

impl RunServices {
    /// The answer is empty if no rule is active.
    pub(super) async fn fire(
        &self,
        identity: SharedIdentity,
        asked: Fire,
        mut payload: Arguments,
    ) -> Result<Value, Failure> {
        self.authority.check_full()?; // triggers are in no package
        let trigger = FullName::relative(&asked.name, &identity.namespace)?;
        let context = self.context();
        self.host.admission.admit_firing(&identity, &trigger, context.accepted)?;
        let callback = Subscription::take(&mut payload)?;
        let id = ActivationId::new(context.accepted);
        let fire = firing::Fire { id, identity, trigger, payload, headers: None, context, callback: None };
        let fired = self.host.firing.receive(fire, callback, None).await?;
        Ok(fired.map_or_else(|| json!({}), |reply| json!({ "activationId": reply.get() })))
    }
}
