//! So many at a time: some run, the others wait for their turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use wask_model::{Failure, NamespaceName, messages};

use super::shares::{Permit, Share, Shares};

/// How soon a place may be free again, for `Retry-After`.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Activations in flight per namespace; as many entries as there are namespaces.
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

/// What a namespace may have in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InFlightLimits {
    /// Activations that run at a time; `None`: unlimited.
    pub running: Option<u32>,
    /// Activations that wait beside those for their turn.
    pub queued: u32,
}

impl InFlightLimits {
    fn in_all(self, running: u32) -> u64 {
        u64::from(running) + u64::from(self.queued)
    }

    fn queued_beside(self, running: u32) -> u32 {
        if running == 0 { 0 } else { self.queued }
    }
}

/// One place among the activations in flight, given back when dropped; with the turn to run, if it need not wait.
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
            // Where nothing may run, waiting is in vain.
            Some(running) if running == 0 || allowed.in_all(running) <= before => {
                Err(refusal(before, running, allowed.queued_beside(running)))
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
        give_back(&self.counts_of(namespace).in_flight);
    }

    pub fn shares(&self) -> &Shares {
        &self.shares
    }

    pub fn counted(&self) -> Vec<NamespaceName> {
        self.counts.iter().map(|count| count.key().clone()).collect()
    }

    /// Places taken before are given back to nobody.
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

/// `queued`: how many may wait beside those that run.
pub fn refusal(count: u64, allowed: u32, queued: u32) -> Failure {
    let message = messages::too_many_concurrent(count, allowed, queued);
    Failure::Throttled { message, retry_after: RETRY_AFTER }
}

impl InFlight {
    /// Keeps the place taken beyond this value's life: for an activation that is queued now. [`super::Gate::leave`] gives
    /// it back.
    pub fn keep(mut self) {
        self.count = None;
    }

    /// Whether it may run now.
    pub fn has_permit(&self) -> bool {
        self.permit.is_some()
    }

    /// Runs in place of whoever waits for its end meanwhile, if it is not its turn otherwise.
    pub fn borrow_callers_permit(mut self) -> Self {
        self.permit.get_or_insert(Permit::Borrowed);
        self
    }

    /// The turn, for whoever runs it. `None`: it has to wait.
    pub fn take_permit(&mut self) -> Option<Permit> {
        self.permit.take()
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(count) = self.count.take() {
            give_back(&count);
        }
    }
}

/// Never below zero, so that a place given back twice does not open the gate for good.
fn give_back(count: &AtomicU64) {
    let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: InFlightLimits = InFlightLimits { running: Some(1), queued: 0 };
    const TWO: InFlightLimits = InFlightLimits { running: Some(2), queued: 0 };

    #[test]
    fn a_place_is_free_again_when_its_slot_is_dropped_or_left() {
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
    fn what_may_not_run_yet_waits_until_the_queue_is_full() {
        let gate = Concurrency::default();
        let guest: NamespaceName = "guest".parse().unwrap();
        let allowed = InFlightLimits { running: Some(1), queued: 2 };
        let running = gate.enter(&guest, allowed).unwrap();
        let waiting = [gate.enter(&guest, allowed).unwrap(), gate.enter(&guest, allowed).unwrap()];
        assert_eq!((running.has_permit(), waiting.iter().any(InFlight::has_permit)), (true, false));

        let refused = gate.enter(&guest, allowed).unwrap_err();

        let text = "Too many concurrent requests in flight (count: 3, allowed: 1), and 2 queued ones are as many as \
            limits.queued_invocations allows.";
        assert_eq!(refused.to_string(), text);
        drop(running);
        assert!(gate.enter(&guest, allowed).unwrap().has_permit(), "the queue knows who comes first, not the gate");
    }

    #[test]
    fn places_taken_before_a_namespace_was_forgotten_do_not_count_afterwards() {
        let gate = Concurrency::default();
        let guest: NamespaceName = "guest".parse().unwrap();
        let old = gate.enter(&guest, TWO).unwrap();
        gate.enter(&guest, TWO).unwrap().keep();
        gate.forget(&guest);
        assert!(gate.counted().is_empty());
        let new = gate.enter(&guest, ONE).unwrap();
        drop(old);
        assert!(gate.enter(&guest, ONE).is_err(), "the place given back was not one of these");
        drop(new);
        assert!(gate.enter(&guest, ONE).is_ok());
    }
}
