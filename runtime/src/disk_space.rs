//! Room on the disk of the data folder. Where little is left, the namespace that fills it is refused first, then
//! everybody; what was accepted is still recorded, in the room that this leaves.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use wask_model::{Failure, NamespaceName, messages};
use wask_store::{RetentionStore, free_bytes};

use crate::clock::Clock;

/// How often the disk is looked at.
const PERIOD: Duration = Duration::from_secs(1);

/// Whether there is room for new work.
pub struct DiskSpace {
    folder: PathBuf,
    /// Free bytes below which the namespace that stores most is refused; below half of them, everybody. 0: no bound.
    least: u64,
    /// Whether anybody is refused, so that nobody else pays for the question.
    is_short: AtomicBool,
    short: RwLock<Option<Shortage>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Shortage {
    free: u64,
    /// Who is refused. `None`: everybody.
    refused: Option<NamespaceName>,
}

impl DiskSpace {
    pub fn new(folder: PathBuf, least: u64) -> Self {
        DiskSpace { folder, least, is_short: AtomicBool::new(false), short: RwLock::new(None) }
    }

    /// Refuses new work that has to be stored · 503.
    pub fn admit(&self, namespace: &NamespaceName) -> Result<(), Failure> {
        if !self.is_short.load(Relaxed) {
            return Ok(());
        }
        match &*self.short.read().unwrap_or_else(PoisonError::into_inner) {
            Some(Shortage { free, refused }) if refused.as_ref().is_none_or(|refused| refused == namespace) => {
                Err(Failure::Unavailable(messages::disk_nearly_full(*free, self.least)))
            }
            _ => Ok(()),
        }
    }

    /// Looks at the disk every second, until `stop`.
    pub async fn run(self: Arc<Self>, store: Arc<dyn RetentionStore>, clock: Clock, stop: CancellationToken) {
        while self.least != 0 && !stop.is_cancelled() {
            self.look(&*store).await;
            tokio::select! {
                () = stop.cancelled() => (),
                () = clock.sleep(PERIOD) => (),
            }
        }
    }

    /// Looks at the disk now.
    pub async fn look(&self, store: &dyn RetentionStore) {
        let free = match free_bytes(&self.folder) {
            Ok(free) if free < self.least => free,
            Ok(_) => return self.become_short(None),
            Err(cause) => return warn!(%cause, "cannot ask how much room the disk has"),
        };
        let refused = match store.keeps_most().await {
            Ok(most) if self.least / 2 <= free => most,
            Ok(_) => None,
            Err(cause) => return warn!(%cause, "cannot ask which namespace stores most"),
        };
        self.become_short(Some(Shortage { free, refused }));
    }

    fn become_short(&self, shortage: Option<Shortage>) {
        let mut short = self.short.write().unwrap_or_else(PoisonError::into_inner);
        let refused = |shortage: &Option<Shortage>| shortage.as_ref().map(|shortage| shortage.refused.clone());
        if refused(&short) != refused(&shortage) {
            match &shortage {
                None => info!("the disk has room again"),
                Some(Shortage { free, refused }) => {
                    let refused = refused.as_ref().map_or("everybody", NamespaceName::as_str);
                    warn!(free, least = self.least, refused, "the disk has little room, new work is refused");
                }
            }
        }
        self.is_short.store(shortage.is_some(), Relaxed);
        *short = shortage;
    }
}
