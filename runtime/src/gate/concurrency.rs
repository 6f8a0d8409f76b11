//! So many at a time, running and queued together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use wask_model::{Failure, NamespaceName, messages};

/// How soon a place may be free again, for `Retry-After`.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Activations in flight per namespace; as many entries as there are namespaces.
#[derive(Default)]
pub struct Concurrency {
    counts: DashMap<NamespaceName, Arc<AtomicU64>>,
}

/// One place among the activations in flight; given back when dropped.
#[derive(Debug)]
pub struct Slot(Option<Arc<AtomicU64>>);

impl Concurrency {
    /// `allowed`: places of the namespace; `None`: unlimited.
    pub fn enter(&self, namespace: &NamespaceName, allowed: Option<u32>) -> Result<Slot, Failure> {
        let count = self.count_of(namespace);
        let before = count.fetch_add(1, Ordering::Relaxed);
        let slot = Slot(Some(count));
        match allowed {
            Some(allowed) if u64::from(allowed) <= before => Err(Failure::Throttled {
                message: messages::too_many_concurrent(before, allowed),
                retry_after: RETRY_AFTER,
            }),
            _ => Ok(slot),
        }
    }

    pub fn restore(&self, namespace: &NamespaceName, queued: u64) {
        self.count_of(namespace).fetch_add(queued, Ordering::Relaxed);
    }

    pub fn leave(&self, namespace: &NamespaceName) {
        give_back(&self.count_of(namespace));
    }

    pub fn counted(&self) -> Vec<NamespaceName> {
        self.counts.iter().map(|count| count.key().clone()).collect()
    }

    /// Places taken before are given back to nobody.
    pub fn forget(&self, namespace: &NamespaceName) {
        self.counts.remove(namespace);
    }

    fn count_of(&self, namespace: &NamespaceName) -> Arc<AtomicU64> {
        if let Some(count) = self.counts.get(namespace) {
            return count.clone();
        }
        self.counts.entry(namespace.clone()).or_default().clone()
    }
}

impl Slot {
    /// Keeps the place taken beyond this value's life: for an activation that is queued now. [`super::Gate::leave`] gives
    /// it back.
    pub fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(count) = self.0.take() {
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

    #[test]
    fn a_place_is_free_again_when_its_slot_is_dropped_or_left() {
        let gate = Concurrency::default();
        let guest: NamespaceName = "guest".parse().unwrap();
        let slot = gate.enter(&guest, Some(1)).unwrap();
        let refused = gate.enter(&guest, Some(1)).unwrap_err();
        assert_eq!(refused.to_string(), "Too many concurrent requests in flight (count: 1, allowed: 1).");
        drop(slot);
        gate.enter(&guest, Some(1)).unwrap().keep();
        assert!(gate.enter(&guest, Some(1)).is_err());
        gate.leave(&guest);
        assert!(gate.enter(&guest, Some(1)).is_ok());
    }

    #[test]
    fn places_taken_before_a_namespace_was_forgotten_do_not_count_afterwards() {
        let gate = Concurrency::default();
        let guest: NamespaceName = "guest".parse().unwrap();
        let old = gate.enter(&guest, Some(2)).unwrap();
        gate.enter(&guest, Some(2)).unwrap().keep();
        gate.forget(&guest);
        assert!(gate.counted().is_empty());
        let new = gate.enter(&guest, Some(1)).unwrap();
        drop(old);
        assert!(gate.enter(&guest, Some(1)).is_err(), "the place given back was not one of these");
        drop(new);
        assert!(gate.enter(&guest, Some(1)).is_ok());
    }
}
