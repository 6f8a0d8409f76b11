//! Completion callbacks: notify a URL when an activation has ended, with retries. feeds.md §C.
//!
//! ```text
//! invoke, fire ──▶ accept (settings, address) ─stored with the job, one transaction─▶ waiting
//! activation ends ─record + job of the lane callback, one transaction─▶ deliver ──▶ settle ─┬─▶ again
//!                                                                                            └─▶ over
//! ```

mod accept;
mod config;
mod deliver;
mod manage;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use wask_egress::Egress;
use wask_store::{Lane, Store};

pub use accept::{AcceptedSubscription, ReportedActivation};
pub use config::CallbackConfig;
pub use manage::SettingsView;

use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::delivery::{Delivery, Secrets};
use crate::gate::Shares;
use crate::queue::Queue;

/// The callbacks of this node's store.
pub struct Callbacks {
    store: Arc<dyn Store>,
    catalog: Arc<Catalog>,
    queue: Queue,
    delivery: Delivery,
    clock: Clock,
    config: CallbackConfig,
    secrets: Secrets,
    /// The attempts that are being made, by the site that they go to.
    shares: Shares,
    /// Interrupts the attempts that a stopping node does not wait for.
    stop_attempts: CancellationToken,
}

/// What [`Callbacks`] is made of.
pub struct CallbackParts {
    pub store: Arc<dyn Store>,
    pub catalog: Arc<Catalog>,
    pub queue: Queue,
    pub egress: Egress,
    pub clock: Clock,
    pub config: CallbackConfig,
    pub stop_attempts: CancellationToken,
}

impl Callbacks {
    /// Serves the lane of callbacks from now on.
    pub async fn new(parts: CallbackParts) -> anyhow::Result<Arc<Self>> {
        let CallbackParts { store, catalog, queue, egress, clock, config, stop_attempts } = parts;
        let secrets = Secrets::open(&*store).await?;
        let (shares, delivery) = (Shares::default(), Delivery::new(egress, clock.clone()));
        let serving = queue.clone();
        let callbacks = Callbacks { store, catalog, queue, delivery, clock, config, secrets, shares, stop_attempts };
        let callbacks = Arc::new(callbacks);
        serving.serve(Lane::Callback, callbacks.clone());
        Ok(callbacks)
    }
}
