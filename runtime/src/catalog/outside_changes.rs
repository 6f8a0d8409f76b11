//! What is changed behind this node's back, by an operator's command on the same store: noticed within a second.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;
use wask_model::Failure;

use super::Catalog;
use crate::gate::Gate;

/// How often a node looks. Nobody can send a signal: the other is another process.
const PERIOD: Duration = Duration::from_millis(500);
/// When every node that works has looked.
pub const NOTICED_WITHIN: Duration = Duration::from_secs(1);

impl Catalog {
    /// Looks until `stop`. `forget`: what else the node has in memory of the store.
    pub async fn run(&self, gate: &Gate, forget: impl Fn() + Send, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.notice_outside_changes(gate).await {
                Ok(true) => forget(),
                Ok(false) => (),
                Err(cause) => warn!(%cause, "could not look for changes by others, the next pass tries again"),
            }
            tokio::select! {
                () = stop.cancelled() => (),
                () = self.clock.sleep(PERIOD) => (),
            }
        }
    }

    /// Forgets what others may have changed, if they have written; `true` then. Of namespaces that are gone or blocked
    /// nothing is counted any more: their jobs may have been removed, and then nobody gives their places back.
    pub async fn notice_outside_changes(&self, gate: &Gate) -> Result<bool, Failure> {
        if !self.store.others_wrote().await? {
            return Ok(false);
        }
        self.forget_everything();
        for namespace in gate.counted() {
            if self.owner(&namespace).await?.is_none_or(|owner| owner.blocked) {
                gate.forget(&namespace);
            }
        }
        Ok(true)
    }
}
