//! What the catalog and the gate forget after an outside change.

use std::sync::Arc;

use async_trait::async_trait;
use wask_model::Failure;

use super::Catalog;
use crate::gate::Gate;
use crate::outside_changes::Subscriber;

#[async_trait]
impl Subscriber for Catalog {
    async fn outside_change(&self) -> Result<(), Failure> {
        self.forget_everything();
        Ok(())
    }
}

/// Resets the counts of activations in flight in namespaces that were deleted or blocked: their jobs may have been
/// removed, and then nothing would ever take them out of flight.
pub struct InFlightCounts {
    pub catalog: Arc<Catalog>,
    pub gate: Arc<Gate>,
}

#[async_trait]
impl Subscriber for InFlightCounts {
    async fn outside_change(&self) -> Result<(), Failure> {
        for namespace in self.gate.counted() {
            if self.catalog.owner(&namespace).await?.is_none_or(|owner| owner.blocked) {
                self.gate.forget(&namespace);
            }
        }
        Ok(())
    }
}
