//! Removes what is too old or more than a namespace may keep: records, dead letters, callbacks, idempotency keys, audit
//! entries and past ticks.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;
use wask_model::{IdempotencyKey, Timestamp};
use wask_store::{RetentionClass, RetentionStore, StoreError};

use crate::clock::Clock;

/// How many items of a kind are removed in one transaction.
const BATCH: u32 = 1000;
const PERIOD: Duration = Duration::from_secs(60);

/// How long items are kept, and how many bytes of them a namespace keeps if the operator did not set that for it.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    pub age: Duration,
    pub bytes: u64,
}

/// The bounds of everything that grows with use.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    pub records: Bound,
    pub dead_letters: Bound,
    pub callbacks: Bound,
    pub audit: Bound,
    pub past_ticks: Duration,
}

pub fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 3600)
}

impl Retention {
    /// Makes a pass every minute, until `stop`.
    pub async fn run(self, store: Arc<dyn RetentionStore>, clock: Clock, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let begun = clock.now();
            match self.forget(&*store, begun).await {
                Ok(true) => continue,
                Ok(false) => (),
                Err(cause) => warn!(%cause, "retention pass failed, will retry in the next pass"),
            }
            tokio::select! {
                () = stop.cancelled() => (),
                () = clock.sleep_until(begun.after(PERIOD)) => (),
            }
        }
    }

    /// Removes one batch of each kind. `true`: there may be more.
    async fn forget(&self, store: &dyn RetentionStore, now: Timestamp) -> Result<bool, StoreError> {
        let mut more = false;
        for kind in RetentionClass::ALL {
            let Bound { age, bytes } = self.bound_of(kind);
            more |= is_more(store.forget_before(kind, now.before(age), BATCH).await?);
            more |= is_more(store.forget_beyond(kind, bytes, BATCH).await?);
        }
        more |= is_more(store.forget_keys(now.before(IdempotencyKey::REMEMBERED), BATCH).await?);
        more |= is_more(store.forget_ticks(now.before(self.past_ticks), BATCH).await?);
        Ok(more)
    }

    fn bound_of(&self, kind: RetentionClass) -> Bound {
        match kind {
            RetentionClass::Records => self.records,
            RetentionClass::DeadLetters => self.dead_letters,
            RetentionClass::Callbacks => self.callbacks,
            RetentionClass::Audit => self.audit,
        }
    }
}

fn is_more(forgotten: u64) -> bool {
    forgotten >= u64::from(BATCH)
}
