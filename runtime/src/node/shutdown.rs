//! How a node stops: what is ended, in which order, and how long each part may take.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

/// After the grace period, how long callers have to read the answer that tells them to come back later.
pub(super) const LAST_ANSWERS: Duration = Duration::from_secs(2);
/// How long attempts of callbacks that are under way may take, at most the grace period.
const LAST_ATTEMPTS: Duration = Duration::from_secs(5);

/// The tokens that end the parts of a node, in the order in which [`Shutdown::begin`] cancels them.
#[derive(Clone, Default)]
pub(super) struct Shutdown {
    /// Ends the socket: no new connections, and nothing new begins for those that are open.
    pub serving: CancellationToken,
    /// Ends the loops: no further job is claimed, no further alarm fires.
    pub working: CancellationToken,
    /// Ends attempts of callbacks that are under way; the next start makes them again.
    pub callbacks: CancellationToken,
    /// Ends every wait: a caller that still waits gets an activation id.
    pub waiting: CancellationToken,
}

impl Shutdown {
    /// Ends the socket and the loops at once, the rest as the grace period passes. Abort the returned task when nothing
    /// is left to wait for.
    ///
    /// Waits on the system's clock whatever clock the node has: what stops a node, such as a process manager that kills
    /// it when the grace period is over, lives in real time.
    pub fn begin(&self, grace: Duration) -> JoinHandle<()> {
        self.end_intake();
        let clock = Clock::system();
        let (callbacks, waiting) = (self.callbacks.clone(), self.waiting.clone());
        tokio::spawn(async move {
            let for_callbacks = grace.min(LAST_ATTEMPTS);
            clock.sleep(for_callbacks).await;
            callbacks.cancel();
            clock.sleep(grace - for_callbacks).await;
            waiting.cancel();
        })
    }

    /// Ends the socket and the loops, and nothing else: as at the start of a stop, or in a crash.
    pub fn end_intake(&self) {
        self.serving.cancel();
        self.working.cancel();
    }
}
