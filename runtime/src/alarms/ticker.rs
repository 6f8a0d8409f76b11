//! Finds the alarms that are due and hands each due time to the queue, once.

use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use wask_model::{ActivationId, Failure, Timestamp};
use wask_store::{Lane, StoreError, Tick};

use super::{Alarms, feed, fire};
use crate::queue::NewWork;

/// Alarms looked at in one pass.
const BATCH: u32 = 500;
/// The longest the ticker sleeps: what a lost signal costs.
const PERIOD: Duration = Duration::from_secs(5);

impl Alarms {
    /// After a start: recurring ticks that were missed while nothing ran are skipped, and alarms whose trigger is gone are
    /// disabled. §A.10, A.12.
    pub async fn take_over(&self) -> anyhow::Result<()> {
        let now = self.clock.now();
        for tick in self.store.due_alarms(Timestamp::from_millis(i64::MAX), u32::MAX).await? {
            let moved = match self.catalog.trigger(&tick.alarm.trigger).await {
                Ok(_) | Err(Failure::Conflict(_)) => feed::rearm_on_start(&tick.alarm, &self.settings, now),
                Err(Failure::NotFound(_)) => feed::disabled_by_lookup(&tick.alarm, 404, now),
                Err(failure) => return Err(failure.into()),
            };
            if moved != tick.alarm {
                self.store.advance(&tick, moved, None).await?;
            }
        }
        Ok(())
    }

    /// Ticks until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let now = self.clock.now();
            let next = match self.tick(now).await {
                Ok(next) => next,
                Err(cause) => {
                    warn!(%cause, "alarm pass failed, the next pass tries again");
                    now.after(Duration::from_secs(1))
                }
            };
            tokio::select! {
                () = stop.cancelled() => (),
                () = self.changed.notified() => (),
                () = self.clock.sleep_until(next) => (),
            }
        }
    }

    /// Fires what is due at `now`; returns until when nothing will be.
    async fn tick(&self, now: Timestamp) -> Result<Timestamp, StoreError> {
        let due = self.store.due_alarms(now, BATCH).await?;
        for tick in &due {
            self.claim(tick, now).await?;
        }
        if due.len() == BATCH as usize {
            return Ok(now);
        }
        let next = self.store.next_alarm().await?;
        let latest = now.after(PERIOD);
        Ok(next.map_or(latest, |next| next.min(latest)))
    }

    /// Moves the alarm on and queues its fire, in one transaction: whoever moves it fires it.
    async fn claim(&self, tick: &Tick, now: Timestamp) -> Result<(), StoreError> {
        let work = NewWork {
            id: ActivationId::new(now),
            lane: Lane::Fire,
            namespace: tick.alarm.trigger.namespace.clone(),
            payload: fire::Due::of(tick).to_payload(),
        };
        let reserved = self.queue.reserve(work);
        let moved = feed::advance(&tick.alarm, tick.due, &self.settings, now);
        if self.store.advance(tick, moved, Some(reserved.job.clone())).await? {
            self.queue.start(vec![reserved]);
        }
        Ok(())
    }
}

/// The payload of an alarm as an event: always an object.
pub fn event(payload: &Value) -> wask_model::Arguments {
    payload.as_object().cloned().unwrap_or_default()
}
