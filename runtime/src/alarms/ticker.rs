//! Finds the alarms that are due and hands each due time to the queue, once.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;
use wask_model::{ActivationId, Failure, FullName, Timestamp};
use wask_store::failpoint::{Stage, reach};
use wask_store::{Lane, Move, StoreError, Tick};

use super::feed::{ClaimedTick, TickClaim};
use super::{Alarms, feed, fire};
use crate::gate::Permit;
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
        let all = self.store.due_alarms(Timestamp::from_millis(i64::MAX), u32::MAX).await?;
        for some in all.chunks(BATCH as usize) {
            let mut moves = Vec::new();
            for tick in some {
                let (becomes, past) = match self.catalog.trigger(&tick.alarm.trigger).await {
                    Ok(_) | Err(Failure::Conflict(_)) => feed::rearm_on_start(&tick.alarm, &self.settings, now),
                    Err(Failure::NotFound(_)) => (feed::disabled_by_lookup(&tick.alarm, 404, now), Vec::new()),
                    Err(failure) => return Err(failure.into()),
                };
                if becomes != tick.alarm {
                    moves.push(Move { tick: tick.clone(), becomes, fire: None, past });
                }
            }
            self.store.advance(moves, self.settings.history_ticks).await?;
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
        let may_be_more = due.len() == BATCH as usize;
        self.claim(due, now).await?;
        if may_be_more {
            return Ok(now);
        }
        let next = self.store.next_alarm().await?;
        let latest = now.after(PERIOD);
        Ok(next.map_or(latest, |next| next.min(latest)))
    }

    /// Moves the alarms on and queues their fires, in one transaction: whoever moves an alarm fires it.
    async fn claim(&self, due: Vec<Tick>, now: Timestamp) -> Result<(), StoreError> {
        let (mut moves, mut jobs) = (Vec::with_capacity(due.len()), Vec::with_capacity(due.len()));
        for tick in due {
            let claim =
                TickClaim { due: tick.due, event: ActivationId::new(now), before: self.before(&tick.alarm).await? };
            let ClaimedTick { alarm, fires, past } = feed::advance(&tick.alarm, &claim, &self.settings, now);
            let fire = fire::DueTick::from_tick(&tick, fires)
                .map(|due| self.queue.reserve(due_work(claim.event, tick.alarm.trigger.clone(), due.to_payload())));
            let job = fire.as_ref().map(|reserved| reserved.job.clone());
            moves.push(Move { tick, becomes: alarm, fire: job, past });
            jobs.push(fire);
        }
        let moved = self.store.advance(moves, self.settings.history_ticks).await?;
        moved.iter().filter(|moved| **moved).for_each(|_| reach(Stage::AlarmDue));
        let stored = jobs.into_iter().zip(moved).filter_map(|(job, moved)| job.filter(|_| moved));
        self.queue.start(stored.collect());
        Ok(())
    }
}

/// Work of the lane `fire` that may run at once.
pub fn due_work(id: ActivationId, trigger: FullName, payload: String) -> NewWork {
    let namespace = trigger.namespace.clone();
    let (share, permit) = (namespace.to_string(), Some(Permit::Borrowed));
    NewWork { id, lane: Lane::Fire, namespace, share, name: trigger, payload, permit, callback: None }
}
