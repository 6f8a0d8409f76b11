//! What runs on this node: visible, cancellable, and awaited when the node stops.

mod cancel;
mod detached;
mod running;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use dashmap::{DashMap, DashSet};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wask_model::{ActivationId, NamespaceName};

pub use detached::{Detachable, WaitOutcome};
pub use running::{Lines, RunningActivation};

/// The activations that run on this node, and how their waiting callers end when it stops.
pub struct Live {
    /// Jobs, and activations whose callers wait.
    running: DashMap<ActivationId, Arc<RunningActivation>>,
    /// Activations that somebody waits for, signalled when they start.
    awaited: DashMap<ActivationId, Arc<Notify>>,
    /// How many wait for a start, so that one that nobody waits for costs one look.
    waiting: AtomicUsize,
    /// Activations that were cancelled while a worker was about to run them here.
    to_cancel: DashSet<ActivationId>,
    /// Activations that run on after their callers have left.
    detached: TaskTracker,
    closing: CancellationToken,
    stop_waiting: CancellationToken,
}

impl Live {
    /// `closing` and `stop_waiting`: see [`super::InvokerParts`].
    pub fn new(closing: CancellationToken, stop_waiting: CancellationToken) -> Self {
        let (running, to_cancel, detached) = (DashMap::new(), DashSet::new(), TaskTracker::new());
        let (awaited, waiting) = (DashMap::new(), AtomicUsize::new(0));
        Live { running, awaited, waiting, to_cancel, detached, closing, stop_waiting }
    }

    /// Makes an activation visible and cancellable until the returned guard is dropped, also by a panic.
    pub fn register<'a>(&'a self, id: ActivationId, running: &'a Arc<RunningActivation>) -> impl Drop + 'a {
        self.running.insert(id, running.clone());
        if self.waiting.load(SeqCst) > 0
            && let Some(signal) = self.awaited.get(&id)
        {
            signal.notify_waiters();
        }
        if self.to_cancel.contains(&id) {
            running.cancel();
        }
        scopeguard::guard((), move |()| {
            self.running.remove(&id);
            self.to_cancel.remove(&id);
            running.log_is_over();
        })
    }

    pub fn find(&self, namespace: &NamespaceName, id: ActivationId) -> Option<Arc<RunningActivation>> {
        self.running.get(&id).map(|running| running.clone()).filter(|running| running.namespace == *namespace)
    }

    /// Returns when this activation runs here.
    pub async fn starts(&self, namespace: &NamespaceName, id: ActivationId) {
        self.waiting.fetch_add(1, SeqCst); // before the look, so that the start is announced
        let signal = self.awaited.entry(id).or_default().clone();
        let _leaves = scopeguard::guard(signal.clone(), |signal| {
            drop(signal);
            self.awaited.remove_if(&id, |_, signal| Arc::strong_count(signal) <= 2); // the map's and this waiter's
            self.waiting.fetch_sub(1, SeqCst);
        });
        loop {
            let started = signal.notified(); // before the look, so that no start is missed
            if self.find(namespace, id).is_some() {
                return;
            }
            started.await;
        }
    }

    pub fn ids(&self) -> Vec<ActivationId> {
        self.running.iter().map(|running| *running.key()).collect()
    }

    /// Cancels an activation whose job is leased. The worker may be about to run it and checks `to_cancel` first.
    pub fn cancel(&self, namespace: &NamespaceName, id: ActivationId) {
        self.to_cancel.insert(id);
        if let Some(running) = self.find(namespace, id) {
            running.cancel();
        }
    }

    /// The worker will not look for a cancellation any more.
    pub fn forget_cancellation(&self, id: ActivationId) {
        self.to_cancel.remove(&id);
    }

    /// Forgets a cancellation when the worker has finished with the job, also by a panic.
    pub fn forget_cancellation_at_end(&self, id: ActivationId) -> impl Drop + '_ {
        scopeguard::guard((), move |()| self.forget_cancellation(id))
    }

    pub fn detached(&self) -> &TaskTracker {
        &self.detached
    }

    /// Ends every wait.
    pub fn stop_waiting(&self) -> &CancellationToken {
        &self.stop_waiting
    }

    /// Returns when waiting for this activation is pointless: as soon as the node begins to stop if it does not run
    /// here, otherwise at the end of the grace period.
    pub async fn waits_in_vain(&self, namespace: &NamespaceName, id: ActivationId) {
        self.closing.cancelled().await;
        if self.find(namespace, id).is_some() {
            self.stop_waiting.cancelled().await;
        }
    }

    /// Waits until every activation that runs without a waiting caller has ended, or until the grace period is over.
    /// The queue has adopted what still runs then, unless no caller was promised its end.
    pub async fn drain(&self) {
        self.detached.close();
        tokio::select! {
            () = self.detached.wait() => (),
            () = self.stop_waiting.cancelled() => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use wask_model::{FullName, Timestamp};

    use super::*;

    #[test]
    fn a_start_wakes_those_who_wait_for_it_and_leaves_nothing_behind() {
        let live = Live::new(CancellationToken::new(), CancellationToken::new());
        let guest: NamespaceName = "guest".parse().unwrap();
        let (one, two) = (ActivationId::from_bytes([1; 16]), ActivationId::from_bytes([2; 16]));
        let name = FullName::new(guest.clone(), "a".parse().unwrap());
        let running = Arc::new(RunningActivation::new(guest.clone(), name, (Timestamp::from_millis(0), 1), 0));
        let mut first = Box::pin(live.starts(&guest, one));
        let mut again = Box::pin(live.starts(&guest, one));
        let mut other = Box::pin(live.starts(&guest, two));
        for waiter in [&mut first, &mut again, &mut other] {
            assert!(waiter.as_mut().now_or_never().is_none());
        }

        let visible = live.register(one, &running);

        assert!(first.as_mut().now_or_never().is_some() && again.as_mut().now_or_never().is_some());
        assert!(other.as_mut().now_or_never().is_none());
        drop((first, again, other, visible));
        assert_eq!((live.awaited.len(), live.waiting.load(SeqCst)), (0, 0));
    }
}
