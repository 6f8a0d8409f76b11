//! May this identity do this, and now? The one place that admits or refuses.

mod concurrency;
mod rate;
pub mod rights;

use wask_model::{Failure, Identity, Limits, NamespaceName, Timestamp, messages};

use concurrency::Concurrency;
pub use concurrency::Slot;
use rate::Rate;

/// Every throttle of the node. REST contract §9.2.
pub struct Gate {
    limits: Limits,
    invocations: Rate,
    fires: Rate,
    in_flight: Concurrency,
}

impl Gate {
    pub fn new(limits: Limits) -> Self {
        Gate { limits, invocations: Rate::default(), fires: Rate::default(), in_flight: Concurrency::default() }
    }

    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Counts one invocation and takes a place among those in flight. Every 429 of an invocation is decided here.
    pub fn enter(&self, identity: &Identity, now: Timestamp) -> Result<Slot, Failure> {
        self.count(identity, now)?;
        self.place(identity)
    }

    /// Counts one invocation, or one more try of an earlier one.
    pub fn count(&self, identity: &Identity, now: Timestamp) -> Result<(), Failure> {
        self.invocations.admit(&identity.namespace, self.limits.invocations_per_minute(&identity.limits), now)
    }

    /// Takes a place among the activations in flight.
    pub fn place(&self, identity: &Identity) -> Result<Slot, Failure> {
        self.in_flight.enter(&identity.namespace, self.limits.concurrent_invocations(&identity.limits))
    }

    /// Counts one fire.
    pub fn fire(&self, identity: &Identity, now: Timestamp) -> Result<(), Failure> {
        self.fires.admit(&identity.namespace, self.limits.fires_per_minute(&identity.limits), now)
    }

    /// Takes the places of activations that were queued before this node started.
    pub fn restore(&self, namespace: &NamespaceName, queued: u64) {
        self.in_flight.restore(namespace, queued);
    }

    /// Gives back the place of a queued activation that has ended.
    pub fn leave(&self, namespace: &NamespaceName) {
        self.in_flight.leave(namespace);
    }

    /// Refuses a body that is larger than a payload may be.
    pub fn check_payload(&self, size: u64) -> Result<(), Failure> {
        if self.limits.payload_bytes < size {
            return Err(Failure::TooLarge(messages::larger_than_allowed("Request", size, self.limits.payload_bytes)));
        }
        Ok(())
    }
}
