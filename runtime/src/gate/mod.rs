//! May this identity do this, and now? The one place that admits or refuses.

mod concurrency;
mod logins;
mod rate;
pub mod rights;

use wask_model::{Failure, Identity, Limits, NamespaceName, Timestamp, messages};

use concurrency::Concurrency;
pub use concurrency::Slot;
pub use logins::LoginConfig;
use logins::Logins;
use rate::Rate;

/// Every throttle of the node. REST contract §9.2.
pub struct Gate {
    limits: Limits,
    invocations: Rate,
    fires: Rate,
    in_flight: Concurrency,
    logins: Logins,
}

impl Gate {
    pub fn new(limits: Limits, logins: LoginConfig) -> Self {
        let (invocations, fires, in_flight) = (Rate::default(), Rate::default(), Concurrency::default());
        Gate { limits, invocations, fires, in_flight, logins: Logins::new(logins) }
    }

    pub fn logins(&self) -> &Logins {
        &self.logins
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

    /// Namespaces that have or had activations in flight.
    pub fn counted(&self) -> Vec<NamespaceName> {
        self.in_flight.counted()
    }

    /// Counts nothing of this namespace any more that is in flight now.
    pub fn forget(&self, namespace: &NamespaceName) {
        self.in_flight.forget(namespace);
    }

    /// What holds for this identity, throttles aside.
    pub fn limits_of(&self, identity: &Identity) -> Limits {
        self.limits.of(&identity.limits)
    }

    /// Bytes that a payload of this identity may have.
    pub fn payload_bytes(&self, identity: &Identity) -> u64 {
        self.limits.payload_bytes(&identity.limits)
    }

    /// Refuses a body that is larger than that.
    pub fn check_payload(&self, identity: &Identity, size: u64) -> Result<(), Failure> {
        let limit = self.payload_bytes(identity);
        if limit < size {
            return Err(Failure::TooLarge(messages::larger_than_allowed("Request", size, limit)));
        }
        Ok(())
    }
}
