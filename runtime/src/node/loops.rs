//! The loops that keep a node going: each is woken by a signal and by a period, and ends with its token.

use anyhow::Context as _;
use tokio::task::JoinSet;

use super::parts::{Domain, Stores, Work};
use super::shutdown::Shutdown;
use crate::config::Config;
use crate::retention::{Bound, Retention, days};

/// The loops that run. Dropping it ends them like a crash would.
pub(super) struct Loops(JoinSet<()>);

impl Loops {
    /// Starts one task per loop.
    pub fn start(config: &Config, stores: &Stores, domain: &Domain, work: &Work, shutdown: &Shutdown) -> Loops {
        let mut loops = JoinSet::new();
        let stop = || shutdown.working.clone();

        let (queue, end) = (domain.queue.clone(), stop());
        loops.spawn(async move { queue.run(end).await });

        let (alarms, end) = (work.alarms.clone(), stop());
        loops.spawn(async move { alarms.run(end).await });

        let (outside_changes, end) = (domain.outside_changes.clone(), stop());
        loops.spawn(async move { outside_changes.run(end).await });

        let (store, clock, end) = (stores.open.store.clone(), stores.clock.clone(), stop());
        loops.spawn(retention(config).run(store, clock, end));

        let (disk, end) = (domain.disk.clone(), stop());
        let (store, clock) = (stores.open.store.clone(), stores.clock.clone());
        loops.spawn(disk.run(store, clock, end));

        Loops(loops)
    }

    /// Returns when every loop has ended, after their token was cancelled. `Err` if one of them panicked.
    pub async fn ended(mut self) -> anyhow::Result<()> {
        while let Some(ended) = self.0.join_next().await {
            ended.context("stop a loop")?;
        }
        Ok(())
    }
}

fn retention(config: &Config) -> Retention {
    let Config { activations, queue, callbacks, alarms, limits, .. } = config;
    Retention {
        records: Bound { age: days(activations.retention_days), bytes: activations.retention_bytes },
        dead_letters: Bound { age: days(queue.dead_letter_days), bytes: queue.dead_letter_bytes },
        callbacks: Bound { age: days(callbacks.retention_days), bytes: callbacks.retention_bytes },
        audit: Bound { age: days(activations.retention_days), bytes: limits.audit_bytes },
        past_ticks: days(alarms.history_days),
    }
}
