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
use wask_model::Limits;
use wask_store::{CallbackStore, JobReader, Lane, SecretStore};

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
    store: Arc<dyn CallbackStore>,
    /// Which deliveries wait in the queue.
    jobs: Arc<dyn JobReader>,
    catalog: Arc<Catalog>,
    queue: Queue,
    delivery: Delivery,
    clock: Clock,
    config: CallbackConfig,
    /// The system's; a namespace may have its own.
    limits: Limits,
    secrets: Secrets,
    /// The attempts that are being made, by the site that they go to.
    shares: Shares,
    /// Interrupts the attempts that a stopping node does not wait for.
    stop_attempts: CancellationToken,
}

/// What [`Callbacks`] is made of.
pub struct CallbackParts {
    pub store: Arc<dyn CallbackStore>,
    pub jobs: Arc<dyn JobReader>,
    pub secrets: Arc<dyn SecretStore>,
    pub catalog: Arc<Catalog>,
    pub queue: Queue,
    pub egress: Egress,
    pub clock: Clock,
    pub config: CallbackConfig,
    pub limits: Limits,
    pub stop_attempts: CancellationToken,
}

impl Callbacks {
    /// Serves the lane of callbacks from now on.
    pub async fn new(parts: CallbackParts) -> anyhow::Result<Arc<Self>> {
        let CallbackParts { store, jobs, secrets, catalog, queue, egress, clock, config, limits, stop_attempts } =
            parts;
        let secrets = Secrets::open(&*secrets).await?;
        let (shares, delivery) = (Shares::default(), Delivery::new(egress, clock.clone()));
        let serving = queue.clone();
        let callbacks =
            Callbacks { store, jobs, catalog, queue, delivery, clock, config, limits, secrets, shares, stop_attempts };
        let callbacks = Arc::new(callbacks);
        serving.serve(Lane::Callback, callbacks.clone());
        Ok(callbacks)
    }
}
