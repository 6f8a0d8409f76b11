//! The ticker: finds the alarms that are due and turns each due tick into a job, once.

use std::collections::HashMap;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;
use wask_model::{ActivationId, Failure, NamespaceName, Timestamp};
use wask_store::failpoint::{Stage, reach};
use wask_store::{AlarmAdvance, Lane, StoreError, Tick};

use super::due::{DueTick, due_work};
use super::feed::{ClaimedTick, TickClaim};
use super::{Alarms, feed};

/// How many alarms one pass looks at.
const BATCH: u32 = 500;
/// How many alarms a start reads at a time; each may have a payload of 1 MiB.
const PAGE: u32 = 100;
/// The longest time between two passes, which is what a lost signal costs.
const PERIOD: Duration = Duration::from_secs(5);
/// The time from a failed pass to the next one.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

impl Alarms {
    /// Prepares the alarms when a node starts: skips the recurring ticks that were missed while no node ran, and
    /// disables alarms whose trigger is gone. feeds.md §A.10, §A.12.
    pub async fn take_over(&self) -> anyhow::Result<()> {
        let now = self.clock.now();
        let mut last = None;
        loop {
            let page = self.store.armed_alarms(last.as_ref(), PAGE).await?;
            let Some(end) = page.last() else { return Ok(()) };
            last = Some(end.alarm.trigger.clone());
            let mut moves = Vec::new();
            for tick in &page {
                let (becomes, past) = match self.catalog.trigger(&tick.alarm.trigger).await {
                    Ok(_) | Err(Failure::Conflict(_)) => feed::rearm_on_start(&tick.alarm, &self.settings, now),
                    Err(Failure::NotFound(_)) => (feed::disabled_by_lookup(&tick.alarm, 404, now), Vec::new()),
                    Err(failure) => return Err(failure.into()),
                };
                if becomes != tick.alarm {
                    moves.push(AlarmAdvance { tick: tick.clone(), becomes, fire: None, past });
                }
            }
            self.store.advance(moves, self.settings.history_ticks).await?;
        }
    }

    /// Runs the ticker until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let now = self.clock.now();
            let next = match self.tick(now).await {
                Ok(next) => next,
                Err(cause) => {
                    warn!(%cause, "alarm pass failed, the next pass tries again");
                    now.after(AFTER_FAILURE)
                }
            };
            tokio::select! {
                () = stop.cancelled() => (),
                () = self.changed.notified() => (),
                () = self.clock.sleep_until(next) => (),
            }
        }
    }

    /// Claims the ticks that are due at `now`. Returns when the next pass must be.
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

    /// How many claimed ticks of each namespace wait to fire.
    async fn waiting_ticks(&self, due: &[Tick]) -> Result<HashMap<NamespaceName, u64>, StoreError> {
        if due.is_empty() {
            Ok(HashMap::new())
        } else {
            Ok(self.jobs.count_jobs(Lane::Fire).await?.into_iter().collect())
        }
    }

    /// Moves the alarms to their next ticks and queues the jobs for the due ones, in one transaction: the node that
    /// moves an alarm fires it.
    async fn claim(&self, due: Vec<Tick>, now: Timestamp) -> Result<(), StoreError> {
        let (mut moves, mut jobs) = (Vec::with_capacity(due.len()), Vec::with_capacity(due.len()));
        let mut waiting = self.waiting_ticks(&due).await?;
        for tick in due {
            let before = self.previous_tick(&tick.alarm).await?;
            let waits = waiting.entry(tick.alarm.trigger.namespace.clone()).or_default();
            let room = *waits < self.settings.waiting_ticks;
            let claim = TickClaim { due: tick.due, event: ActivationId::new(now), before, room };
            let ClaimedTick { alarm, fires, past } = feed::advance(&tick.alarm, &claim, &self.settings, now);
            let work = |due: DueTick| due_work(claim.event, tick.alarm.trigger.clone(), due.to_payload());
            let fire = DueTick::from_tick(&tick, fires).map(|due| self.queue.reserve(work(due)));
            *waits += u64::from(fire.is_some());
            let job = fire.as_ref().map(|reserved| reserved.job.clone());
            moves.push(AlarmAdvance { tick, becomes: alarm, fire: job, past });
            jobs.push(fire);
        }
        let moved = self.store.advance(moves, self.settings.history_ticks).await?;
        moved.iter().filter(|moved| **moved).for_each(|_| reach(Stage::AlarmDue));
        let stored = jobs.into_iter().zip(moved).filter_map(|(job, moved)| job.filter(|_| moved));
        self.queue.start(stored.collect());
        Ok(())
    }
}
