//! What an operator may have decided about a namespace since an activation was accepted: whether it still runs, under which
//! limits, and whether it is recorded.

use tracing::warn;
use wask_model::SharedIdentity;

use super::Invoker;

impl Invoker {
    /// The identity as it is now. `None`: it was blocked or deleted.
    pub(super) async fn current(&self, identity: &SharedIdentity) -> Option<SharedIdentity> {
        self.known_owner(identity).await.filter(|owner| !owner.blocked)
    }

    /// The records that are to be stored: all or none.
    pub(super) async fn to_store<T>(&self, identity: &SharedIdentity, records: Vec<T>) -> Vec<T> {
        let owner = self.known_owner(identity).await;
        if owner.is_some_and(|owner| owner.keeps_activations()) { records } else { Vec::new() }
    }

    /// Whoever owns the namespace, if it is still the same one; as it was, while the store cannot tell.
    async fn known_owner(&self, identity: &SharedIdentity) -> Option<SharedIdentity> {
        match self.catalog.owner(&identity.namespace).await {
            Ok(owner) => owner.filter(|owner| owner.uuid == identity.uuid),
            Err(cause) => {
                warn!(%cause, namespace = %identity.namespace, "cannot tell whether the namespace has changed");
                Some(identity.clone())
            }
        }
    }
}
