//! What runs on this node: visible, cancellable, and awaited when the node stops.

mod cancel;
mod detached;
mod running;

use std::sync::Arc;

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
    /// Signalled whenever an activation starts.
    started: Notify,
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
        Live { running, started: Notify::new(), to_cancel, detached, closing, stop_waiting }
    }

    /// Makes an activation visible and cancellable until the returned guard is dropped, also by a panic.
    pub fn register<'a>(&'a self, id: ActivationId, running: &'a Arc<RunningActivation>) -> impl Drop + 'a {
        self.running.insert(id, running.clone());
        self.started.notify_waiters();
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
        loop {
            let started = self.started.notified(); // before the look, so that no start is missed
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
