//! Looks again at whom a namespace belongs to: since an activation was accepted, an operator may have blocked or
//! deleted the namespace, or changed its limits.

use std::sync::Arc;

use tracing::warn;
use wask_model::SharedIdentity;

use crate::catalog::Catalog;

/// Knows the present owners of namespaces.
#[derive(Clone)]
pub struct Owners(Arc<Catalog>);

impl Owners {
    pub fn new(catalog: Arc<Catalog>) -> Self {
        Owners(catalog)
    }

    /// The identity as it is now. `None`: it was blocked or deleted.
    pub async fn current(&self, identity: &SharedIdentity) -> Option<SharedIdentity> {
        self.known(identity).await.filter(|owner| !owner.blocked)
    }

    /// The records that are stored for this identity: all or none.
    pub async fn records_to_store<T>(&self, identity: &SharedIdentity, records: Vec<T>) -> Vec<T> {
        let owner = self.known(identity).await;
        if owner.is_some_and(|owner| owner.keeps_activations()) { records } else { Vec::new() }
    }

    /// The owner, if the namespace has not been given to another one. While the store cannot say, nothing has changed.
    async fn known(&self, identity: &SharedIdentity) -> Option<SharedIdentity> {
        match self.0.owner(&identity.namespace).await {
            Ok(owner) => owner.filter(|owner| owner.uuid == identity.uuid),
            Err(cause) => {
                warn!(%cause, namespace = %identity.namespace, "cannot look up the owner of the namespace");
                Some(identity.clone())
            }
        }
    }
}
