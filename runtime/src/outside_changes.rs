//! Notices outside changes: writes to the store by another process, such as an operator's command.
//!
//! Parts of the node that cache what is in the store subscribe, and forget it then. No process can signal another one, so
//! the observer looks twice a second.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use wask_model::Failure;
use wask_store::OutsideChanges;

use crate::clock::Clock;

/// How often a node looks.
const PERIOD: Duration = Duration::from_millis(500);
/// By when every running node has noticed an outside change.
pub const NOTICED_WITHIN: Duration = Duration::from_secs(1);

/// Keeps something in memory that an outside change may outdate.
#[async_trait]
pub trait Subscriber: Send + Sync {
    /// Another process has written. Forgets what may be outdated.
    async fn outside_change(&self) -> Result<(), Failure>;
}

/// Looks for outside changes on behalf of its subscribers.
pub struct Observer {
    store: Arc<dyn OutsideChanges>,
    clock: Clock,
    /// Notified in this order.
    subscribers: Vec<Arc<dyn Subscriber>>,
}

impl Observer {
    pub fn new(store: Arc<dyn OutsideChanges>, clock: Clock, subscribers: Vec<Arc<dyn Subscriber>>) -> Self {
        Observer { store, clock, subscribers }
    }

    /// Looks until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(cause) = self.notice().await {
                warn!(%cause, "could not look for outside changes, will retry in the next pass");
            }
            tokio::select! {
                () = stop.cancelled() => (),
                () = self.clock.sleep(PERIOD) => (),
            }
        }
    }

    /// Looks once, and notifies every subscriber if another process has written. Returns the last failure of them.
    pub async fn notice(&self) -> Result<(), Failure> {
        if !self.store.changed_outside().await? {
            return Ok(());
        }
        let mut noticed = Ok(());
        for subscriber in &self.subscribers {
            noticed = subscriber.outside_change().await.and(noticed);
        }
        noticed
    }
}
