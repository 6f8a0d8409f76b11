//! Waiting for an activation that must not end when its caller leaves.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A future that runs on in the background if it is dropped before it has ended.
///
/// It is polled in place while the caller waits, which saves the fast case a task of its own.
pub struct Detachable<T: Send + 'static> {
    future: Option<Boxed<T>>,
    tracker: TaskTracker,
}

/// How waiting ended.
pub enum WaitOutcome<T: Send + 'static> {
    Ended(T),
    NotYet(Detachable<T>),
}

impl<T: Send + 'static> Detachable<T> {
    pub fn new(future: impl Future<Output = T> + Send + 'static, tracker: &TaskTracker) -> Self {
        Detachable { future: Some(Box::pin(future)), tracker: tracker.clone() }
    }

    /// Waits at most `limit`, and not beyond `no_longer`.
    pub async fn within(mut self, clock: &Clock, limit: Duration, no_longer: &CancellationToken) -> WaitOutcome<T> {
        // Most activations take less than a millisecond: the first poll ends them, and no timer is made.
        let first = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut self).poll(cx))).await;
        if let Poll::Ready(ended) = first {
            return WaitOutcome::Ended(ended);
        }
        tokio::select! {
            biased;
            ended = &mut self => WaitOutcome::Ended(ended),
            () = clock.sleep(limit) => WaitOutcome::NotYet(self),
            () = no_longer.cancelled() => WaitOutcome::NotYet(self),
        }
    }

    /// Lets it run on in the background.
    pub fn detach(self) {
        drop(self);
    }
}

impl<T: Send + 'static> Future for Detachable<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Some(mut future) = self.future.take() else { return Poll::Pending }; // one that panics is not run again
        let polled = future.as_mut().poll(cx);
        if polled.is_pending() {
            self.future = Some(future);
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Detachable<T> {
    fn drop(&mut self) {
        if let Some(future) = self.future.take() {
            self.tracker.spawn(async move {
                future.await;
            });
        }
    }
}
