//! Completion callbacks: a URL that is told when an activation has ended, again and again until it listens. Feeds contract §C.
//!
//! ```text
//! invoke, fire ──▶ accept (settings, address) ─stored with the job, one transaction─▶ waiting
//! activation ends ─record + job of the lane callback, one transaction─▶ deliver ──▶ signed request ──▶ settle ─┬─▶ again
//!                                                                                                             └─▶ over
//! ```

mod accept;
mod config;
mod deliver;
mod manage;
mod request;
mod signature;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use wask_egress::Egress;
use wask_store::{Lane, Store};

pub use accept::{AcceptedSubscription, ReportedActivation};
pub use config::CallbackConfig;
pub use manage::SettingsView;

use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::gate::Shares;
use crate::queue::Queue;
use signature::Secrets;

/// The callbacks of this node's store.
pub struct Callbacks {
    store: Arc<dyn Store>,
    catalog: Arc<Catalog>,
    queue: Queue,
    egress: Egress,
    clock: Clock,
    config: CallbackConfig,
    secrets: Secrets,
    /// Attempts under way, by the site that they go to.
    shares: Shares,
    /// Ends attempts that a stopping node does not wait for.
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
        let shares = Shares::default();
        let serving = queue.clone();
        let callbacks = Callbacks { store, catalog, queue, egress, clock, config, secrets, shares, stop_attempts };
        let callbacks = Arc::new(callbacks);
        serving.serve(Lane::Callback, callbacks.clone());
        Ok(callbacks)
    }
}
