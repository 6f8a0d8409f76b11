//! Ticks whose alarm looks at what the previous tick started: its firing and the activations of the rules.
//!
//! An activation counts while it is queued or running. What it invokes in turn does not count, and neither does a
//! firing that the owner asked for.

use std::time::Duration;

use wask_model::{ActivationId, Alarm, NamespaceName, Overlap, TickEnd, messages};
use wask_store::{Job, JobState, StoreError};

use super::Alarms;
use super::due::DueTick;
use super::feed::{self, FireOutcome, PreviousTick, TickOutcome};

/// How often a waiting tick checks whether it may fire.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Whether a claimed tick may fire.
pub enum TickDecision {
    Now(DueTick),
    /// Look again after this time.
    NotYet(Duration),
    /// The alarm has dropped the tick.
    Never,
    /// Another node holds the lease of its job by now.
    Lost,
}

impl Alarms {
    /// The state of what the previous tick started, for an alarm with a tick that is due.
    pub(super) async fn previous_tick(&self, alarm: &Alarm) -> Result<PreviousTick, StoreError> {
        match alarm.overlap.unwrap_or_default() {
            Overlap::Allow => return Ok(PreviousTick::Ended),
            Overlap::Skip | Overlap::QueueOne => (),
        }
        let namespace = &alarm.trigger.namespace;
        if self.is_any_running(namespace, alarm.waiting.as_slice()).await? {
            return Ok(PreviousTick::OneWaits);
        }
        let running = self.is_any_running(namespace, &alarm.going).await?;
        Ok(if running { PreviousTick::Running } else { PreviousTick::Ended })
    }

    /// Holds a waiting tick until it may fire. If the alarm has dropped it since, records that and gives the reserved
    /// firing back.
    pub(super) async fn decide(&self, job: &Job, due: DueTick) -> anyhow::Result<TickDecision> {
        if !due.waits {
            return Ok(TickDecision::Now(due));
        }
        let alarm = self.store.alarm(&due.trigger).await?;
        let Some(alarm) = alarm.filter(|alarm| alarm.waiting == Some(job.lease.job)) else {
            let why = messages::alarms::SKIPPED_WHILE_WAITING;
            let past = feed::not_fired(due.due, TickEnd::Skipped, why, self.clock.now());
            let (event, outcome) = (job.lease.job, FireOutcome::GivenUp);
            let tick = TickOutcome { due: due.due, outcome, event, started: Vec::new() };
            self.settle(&due.trigger, &tick, past).await?;
            return Ok(TickDecision::Never);
        };
        if self.is_any_running(&job.namespace, &alarm.going).await? {
            return Ok(TickDecision::NotYet(LOOK_AGAIN));
        }
        let due = DueTick { waits: false, waited: job.lease.attempt.saturating_sub(1), ..due };
        let kept = self.queue.advance(&job.lease, Vec::new(), due.to_payload()).await;
        Ok(if kept { TickDecision::Now(due) } else { TickDecision::Lost })
    }

    /// Whether one of these activations is queued or running.
    async fn is_any_running(&self, namespace: &NamespaceName, ids: &[ActivationId]) -> Result<bool, StoreError> {
        for id in ids {
            match self.jobs.job_state(namespace, *id).await? {
                Some(JobState::Due | JobState::Leased) => return Ok(true),
                Some(JobState::Dead) | None => (),
            }
        }
        Ok(false)
    }
}
