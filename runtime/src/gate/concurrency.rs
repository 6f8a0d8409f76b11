//! Limits the activations in flight per namespace: some run, the others wait for a permit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use wask_model::{Failure, NamespaceName, messages};

use super::shares::{Permit, Share, Shares};

/// `Retry-After` of a refusal: an activation may have ended by then.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Counts the activations in flight of each namespace.
#[derive(Default)]
pub struct Concurrency {
    counts: DashMap<NamespaceName, Counts>,
    shares: Shares,
}

#[derive(Clone)]
struct Counts {
    in_flight: Arc<AtomicU64>,
    share: Arc<Share>,
}

/// How many activations a namespace may have in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InFlightLimits {
    /// How many may run at a time; `None`: any number.
    pub running: Option<u32>,
    /// How many more may wait for a permit.
    pub queued: u32,
}

impl InFlightLimits {
    fn total(self, running: u32) -> u64 {
        u64::from(running) + u64::from(self.queued)
    }

    fn queued_next_to(self, running: u32) -> u32 {
        if running == 0 { 0 } else { self.queued }
    }
}

/// One activation in flight. Dropping it takes the activation out of flight and returns its permit.
#[derive(Debug)]
pub struct InFlight {
    count: Option<Arc<AtomicU64>>,
    permit: Option<Permit>,
}

impl Concurrency {
    pub fn enter(&self, namespace: &NamespaceName, allowed: InFlightLimits) -> Result<InFlight, Failure> {
        let Counts { in_flight, share } = self.counts_of(namespace);
        let before = in_flight.fetch_add(1, Ordering::Relaxed);
        let mut in_flight = InFlight { count: Some(in_flight), permit: None };
        match allowed.running {
            // Where nothing may run, nothing may wait either: it would wait forever.
            Some(running) if running == 0 || before >= allowed.total(running) => {
                Err(refusal(before, running, allowed.queued_next_to(running)))
            }
            running => {
                in_flight.permit = share.take(running).map(Permit::OfOne);
                Ok(in_flight)
            }
        }
    }

    pub fn restore(&self, namespace: &NamespaceName, queued: u64) {
        self.counts_of(namespace).in_flight.fetch_add(queued, Ordering::Relaxed);
    }

    pub fn leave(&self, namespace: &NamespaceName) {
        decrement(&self.counts_of(namespace).in_flight);
    }

    pub fn shares(&self) -> &Shares {
        &self.shares
    }

    pub fn counted(&self) -> Vec<NamespaceName> {
        self.counts.iter().map(|count| count.key().clone()).collect()
    }

    /// Activations that are in flight now will not change the new count when they end.
    pub fn forget(&self, namespace: &NamespaceName) {
        self.counts.remove(namespace);
        self.shares.forget_idle();
    }

    fn counts_of(&self, namespace: &NamespaceName) -> Counts {
        if let Some(counts) = self.counts.get(namespace) {
            return counts.clone();
        }
        let counts = || Counts { in_flight: Arc::default(), share: self.shares.share(namespace.as_str()) };
        self.counts.entry(namespace.clone()).or_insert_with(counts).clone()
    }
}

/// `allowed`: how many may run; `queued`: how many more may wait.
pub fn refusal(count: u64, allowed: u32, queued: u32) -> Failure {
    let message = messages::too_many_concurrent(count, allowed, queued);
    Failure::Throttled { message, retry_after: RETRY_AFTER }
}

impl InFlight {
    /// Keeps the activation in flight after this value is gone, because a job carries it from now on. When the job
    /// ends, [`super::Gate::leave`] takes it out of flight.
    pub fn keep(mut self) {
        self.count = None;
    }

    /// Whether it may run now; otherwise it must wait.
    pub fn has_permit(&self) -> bool {
        self.permit.is_some()
    }

    /// Borrows the caller's permit if none is free. The caller is blocked until this ends, so running both does not
    /// exceed the limit.
    pub fn borrow_callers_permit(mut self) -> Self {
        self.permit.get_or_insert(Permit::Borrowed);
        self
    }

    /// Hands the permit over to what runs the activation. `None`: it must wait.
    pub fn take_permit(&mut self) -> Option<Permit> {
        self.permit.take()
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(count) = self.count.take() {
            decrement(&count);
        }
    }
}

/// Never goes below zero: a count that is decremented twice must not raise the limit for good.
fn decrement(count: &AtomicU64) {
    let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: InFlightLimits = InFlightLimits { running: Some(1), queued: 0 };
    const TWO: InFlightLimits = InFlightLimits { running: Some(2), queued: 0 };

    #[test]
    fn an_activation_leaves_flight_when_its_guard_is_dropped_or_its_job_ends() {
        let gate = Concurrency::default();
        let guest: NamespaceName = "guest".parse().unwrap();
        let in_flight = gate.enter(&guest, ONE).unwrap();
        let refused = gate.enter(&guest, ONE).unwrap_err();
        assert_eq!(refused.to_string(), "Too many concurrent requests in flight (count: 1, allowed: 1).");
        drop(in_flight);
        gate.enter(&guest, ONE).unwrap().keep();
        assert!(gate.enter(&guest, ONE).is_err());
        gate.leave(&guest);
        assert!(gate.enter(&guest, ONE).is_ok());
    }

    #[test]
    fn activations_wait_without_a_permit_until_the_queue_is_full() {
        let gate = Concurrency::default();
        let guest: NamespaceName = "guest".parse().unwrap();
        let allowed = InFlightLimits { running: Some(1), queued: 2 };
        let running = gate.enter(&guest, allowed).unwrap();
        let waiting = [gate.enter(&guest, allowed).unwrap(), gate.enter(&guest, allowed).unwrap()];
        assert_eq!((running.has_permit(), waiting.iter().any(InFlight::has_permit)), (true, false));

        let refused = gate.enter(&guest, allowed).unwrap_err();

        let text = "Too many concurrent requests in flight (count: 3, allowed: 1), and the limit of 2 queued ones \
            (limits.queued_invocations) is reached.";
        assert_eq!(refused.to_string(), text);
        drop(running);
        assert!(
            gate.enter(&guest, allowed).unwrap().has_permit(),
            "the queue decides which activation comes first, not the gate"
        );
    }

    #[test]
    fn activations_from_before_a_reset_do_not_change_the_new_count() {
        let gate = Concurrency::default();
        let guest: NamespaceName = "guest".parse().unwrap();
        let old = gate.enter(&guest, TWO).unwrap();
        gate.enter(&guest, TWO).unwrap().keep();
        gate.forget(&guest);
        assert!(gate.counted().is_empty());
        let new = gate.enter(&guest, ONE).unwrap();
        drop(old);
        assert!(gate.enter(&guest, ONE).is_err(), "the old activation was not in the new count");
        drop(new);
        assert!(gate.enter(&guest, ONE).is_ok());
    }
}
