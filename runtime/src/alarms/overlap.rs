//! Ticks that look at what the one before them started: its event, and the activations of the rules, until each has ended.
//!
//! An activation counts as long as it is queued or running; what it invokes in turn does not, and neither does what was
//! fired by hand.

use std::time::Duration;

use wask_model::{ActivationId, Alarm, NamespaceName, Overlap, TickEnd, messages};
use wask_store::{Job, JobState, StoreError};

use super::Alarms;
use super::feed::{self, FireOutcome, PreviousTick, TickOutcome};
use super::fire::DueTick;

/// How often a tick that waits looks whether its turn has come.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Whether it is a tick's turn to fire.
pub enum TickDecision {
    Now(DueTick),
    NotYet(Duration),
    /// The alarm does not want it any more.
    Never,
    /// Somebody else has its job.
    Lost,
}

impl Alarms {
    /// What was fired before the tick that is due.
    pub(super) async fn before(&self, alarm: &Alarm) -> Result<PreviousTick, StoreError> {
        match alarm.overlap.unwrap_or_default() {
            Overlap::Allow => return Ok(PreviousTick::Ended),
            Overlap::Skip | Overlap::QueueOne => (),
        }
        let namespace = &alarm.trigger.namespace;
        if self.is_any_going(namespace, alarm.waiting.as_slice()).await? {
            return Ok(PreviousTick::OneWaits);
        }
        let going = self.is_any_going(namespace, &alarm.going).await?;
        Ok(if going { PreviousTick::Going } else { PreviousTick::Ended })
    }

    /// Keeps a tick that waits until its turn; one that was given up meanwhile is told of, and its fire given back.
    pub(super) async fn turn(&self, job: &Job, due: DueTick) -> anyhow::Result<TickDecision> {
        if !due.waits {
            return Ok(TickDecision::Now(due));
        }
        let alarm = self.store.alarm(&due.trigger).await?;
        let Some(alarm) = alarm.filter(|alarm| alarm.waiting == Some(job.lease.job)) else {
            let why = messages::alarms::SKIPPED_WHILE_WAITING;
            let past = feed::not_fired(due.due, TickEnd::Skipped, why, self.clock.now());
            let (event, outcome) = (job.lease.job, FireOutcome::GivenUp);
            let tick = TickOutcome { due: due.due, outcome, event, started: Vec::new() };
            self.tell(&due.trigger, &tick, past).await?;
            return Ok(TickDecision::Never);
        };
        if self.is_any_going(&job.namespace, &alarm.going).await? {
            return Ok(TickDecision::NotYet(LOOK_AGAIN));
        }
        let due = DueTick { waits: false, waited: job.lease.attempt.saturating_sub(1), ..due };
        match self.queue.advance(&job.lease, Vec::new(), due.to_payload()).await {
            true => Ok(TickDecision::Now(due)),
            false => Ok(TickDecision::Lost),
        }
    }

    async fn is_any_going(&self, namespace: &NamespaceName, activations: &[ActivationId]) -> Result<bool, StoreError> {
        for activation in activations {
            match self.store.job_state(namespace, *activation).await? {
                Some(JobState::Due | JobState::Leased) => return Ok(true),
                Some(JobState::Dead) | None => (),
            }
        }
        Ok(false)
    }
}
