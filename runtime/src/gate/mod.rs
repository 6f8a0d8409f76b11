//! May this identity do this now? The one place that admits or refuses: the rules of every 403 and every 429.

mod concurrency;
mod logins;
mod rate;
pub mod rights;
mod shares;

use std::sync::Arc;

use wask_model::{Failure, Identity, Limits, NamespaceName, Timestamp, messages};

pub use concurrency::InFlight;
use concurrency::{Concurrency, InFlightLimits};
use logins::Logins;
pub use logins::{LoginConfig, WrongKey};
use rate::Rate;
pub use shares::{Permit, Share, SharePermit, Shares};

use crate::disk_space::DiskSpace;

/// The throttles of one node. rest.md §9.2.
pub struct Gate {
    limits: Limits,
    invocations: Rate,
    fires: Rate,
    reads: Rate,
    in_flight: Concurrency,
    logins: Logins,
    disk: Arc<DiskSpace>,
}

impl Gate {
    pub fn new(limits: Limits, logins: LoginConfig, disk: Arc<DiskSpace>) -> Self {
        let (invocations, fires, reads) = (Rate::default(), Rate::default(), Rate::default());
        let (in_flight, logins) = (Concurrency::default(), Logins::new(logins));
        Gate { limits, invocations, fires, reads, in_flight, logins, disk }
    }

    /// Refuses what would have to be stored where the disk has little room · 503.
    pub fn store(&self, identity: &Identity) -> Result<(), Failure> {
        self.disk.admit(&identity.namespace)
    }

    pub fn logins(&self) -> &Logins {
        &self.logins
    }

    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Counts one invocation against the rate and takes it in flight, with a permit if one is free. Every 429 of an
    /// invocation is decided here.
    pub fn enter(&self, identity: &Identity, now: Timestamp) -> Result<InFlight, Failure> {
        self.count(identity, now)?;
        self.in_flight(identity)
    }

    /// Counts one invocation, or one retry of a request, against the rate.
    pub fn count(&self, identity: &Identity, now: Timestamp) -> Result<(), Failure> {
        self.store(identity)?;
        self.invocations.admit(&identity.namespace, self.limits.invocations_per_minute(&identity.limits), now)
    }

    /// Takes an activation in flight; it has no permit if it must wait.
    pub fn in_flight(&self, identity: &Identity) -> Result<InFlight, Failure> {
        let running = self.limits.concurrent_invocations(&identity.limits);
        let queued = self.limits.queued_invocations(&identity.limits);
        self.in_flight.enter(&identity.namespace, InFlightLimits { running, queued })
    }

    /// The refusal of an activation that got no permit and cannot wait for one.
    pub fn full(&self, identity: &Identity) -> Failure {
        let running = self.shares().share(identity.namespace.as_str()).running();
        concurrency::refusal(running, self.concurrent(identity).unwrap_or(u32::MAX), 0)
    }

    /// How many activations of this identity may run at a time; `None`: any number.
    pub fn concurrent(&self, identity: &Identity) -> Option<u32> {
        self.limits.concurrent_invocations(&identity.limits)
    }

    /// The share of each namespace: its running activations, blocking ones and jobs together.
    pub fn shares(&self) -> &Shares {
        self.in_flight.shares()
    }

    /// Refuses an activation at the end of too long a chain of activations that caused each other.
    pub fn check_depth(&self, depth: u32) -> Result<(), Failure> {
        if depth > self.limits.depth {
            return Err(Failure::BadRequest(messages::too_deep(depth, self.limits.depth)));
        }
        Ok(())
    }

    /// Counts one firing against the rate.
    pub fn fire(&self, identity: &Identity, now: Timestamp) -> Result<(), Failure> {
        self.store(identity)?;
        self.fires.admit(&identity.namespace, self.limits.fires_per_minute(&identity.limits), now)
    }

    /// Counts one read of the API against the rate.
    pub fn read(&self, identity: &Identity, now: Timestamp) -> Result<(), Failure> {
        let allowed = self.limits.reads_per_minute(&identity.limits);
        self.reads.admit_as(messages::too_many_reads, &identity.namespace, allowed, now)
    }

    /// Counts activations as in flight that were queued before this node started.
    pub fn restore(&self, namespace: &NamespaceName, queued: u64) {
        self.in_flight.restore(namespace, queued);
    }

    /// Takes a queued activation that has ended out of flight.
    pub fn leave(&self, namespace: &NamespaceName) {
        self.in_flight.leave(namespace);
    }

    /// Namespaces that have or had activations in flight.
    pub fn counted(&self) -> Vec<NamespaceName> {
        self.in_flight.counted()
    }

    /// Resets the count of a namespace. What is in flight now will not count when it ends.
    pub fn forget(&self, namespace: &NamespaceName) {
        self.in_flight.forget(namespace);
    }

    /// The limits of this identity, without the throttles.
    pub fn limits_of(&self, identity: &Identity) -> Limits {
        self.limits.for_namespace(&identity.limits)
    }

    /// How many bytes a payload of this identity may have.
    pub fn payload_bytes(&self, identity: &Identity) -> u64 {
        self.limits.payload_bytes(&identity.limits)
    }

    /// Refuses a body larger than [`Gate::payload_bytes`].
    pub fn check_payload(&self, identity: &Identity, size: u64) -> Result<(), Failure> {
        let limit = self.payload_bytes(identity);
        if size > limit {
            return Err(Failure::TooLarge(messages::larger_than_allowed("Request", size, limit)));
        }
        Ok(())
    }
}
