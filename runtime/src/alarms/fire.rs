//! Carries out the jobs of the lane `fire`: a due tick becomes one firing, or a reason why not. feeds.md §A.10,
//! A.11.

use async_trait::async_trait;
use serde_json::Value;
use tracing::warn;
use wask_model::{ActivationId, Arguments, Failure, Identity, PastTick, Subscription, TickEnd, TickOrigin};
use wask_store::Job;

use super::Alarms;
use super::due::{DueTick, DueWork};
use super::feed::{self, Answer, AttemptDecision, Attempts, TickOutcome};
use super::overlap::TickDecision;
use crate::callbacks::AcceptedSubscription;
use crate::firing::{self, Fire};
use crate::gate::Shares;
use crate::invoke::Context;
use crate::queue::{Handler, JobOutcome, NewWork};

#[async_trait]
impl Handler for Alarms {
    async fn handle(&self, job: &Job) -> anyhow::Result<JobOutcome> {
        let due = match serde_json::from_str(&job.payload)? {
            DueWork::Fire(due) => due,
            DueWork::Remove(removal) => return self.remove(job, &removal).await,
        };
        let due = match self.decide(job, due).await? {
            TickDecision::Now(due) => due,
            TickDecision::NotYet(after) => return Ok(JobOutcome::Again { after }),
            TickDecision::Never => return Ok(JobOutcome::finished(Vec::new())),
            TickDecision::Lost => return Ok(JobOutcome::Lost),
        };
        let fired = self.fire(job, &due).await;
        let answer = fired.as_ref().map_or_else(answer_of, |_| Answer::Accepted);
        match feed::after_attempt(attempts_before(job, &due, answer), answer, &self.settings) {
            AttemptDecision::Again { wait, .. } => Ok(JobOutcome::Again { after: wait }),
            AttemptDecision::Done(outcome) => {
                let past = self.past(job, &due, &fired);
                let fired = fired.unwrap_or_default();
                let started = fired.started();
                let tick = TickOutcome { due: due.due, outcome, event: job.lease.job, started };
                let removal = self.settle(&due.trigger, &tick, past).await?;
                Ok(fired.done(removal.map(|removal| removal.into_work(self.clock.now()))))
            }
        }
    }

    fn shares(&self) -> &Shares {
        &self.shares
    }
}

/// A firing that is not stored yet. `None`: no rule was active.
#[derive(Default)]
struct TickFiring(Option<firing::PreparedFiring>);

impl TickFiring {
    /// The activations of the rules.
    fn started(&self) -> Vec<ActivationId> {
        self.0.iter().flat_map(|fired| &fired.work).map(|work| work.id).collect()
    }

    /// Ends the job with everything that it led to. `after` is a job that follows once all of it is on disk.
    fn done(self, after: Option<NewWork>) -> JobOutcome {
        let Some(mut fired) = self.0 else {
            return JobOutcome::Finished { records: Vec::new(), next: Vec::from_iter(after), stored: Box::new(|| ()) };
        };
        let (records, mut next) = (Vec::from_iter(fired.record_to_store()), std::mem::take(&mut fired.work));
        next.extend(after);
        JobOutcome::Finished { records, next, stored: Box::new(move || fired.keep_in_flight()) }
    }
}

/// A failed attempt in the feed's terms.
fn answer_of(failure: &Failure) -> Answer {
    match failure {
        Failure::Throttled { .. } => Answer::Throttled,
        Failure::Unavailable(_) | Failure::Internal(_) => Answer::Failed,
        Failure::NotFound(_) => Answer::Refused(404),
        Failure::Forbidden(_) => Answer::Refused(403),
        Failure::Unauthenticated(_) => Answer::Refused(401),
        Failure::Conflict(_) => Answer::Failed, // 409 is retried, like 408
        Failure::PreconditionFailed(_) => Answer::Refused(412),
        Failure::TooLarge(_) => Answer::Refused(413),
        Failure::BadRequest(_) | Failure::Unprocessable(_) => Answer::Refused(400),
    }
}

/// The attempts before this one, counted by the lease. Their answers are not kept: if this one was throttled, all of
/// them count as throttled. That is the case that the rule about throttled ticks is for.
fn attempts_before(job: &Job, due: &DueTick, now: Answer) -> Attempts {
    let made = job.lease.attempt.saturating_sub(1 + due.waited);
    Attempts { made, throttled: if matches!(now, Answer::Throttled) { made } else { 0 } }
}

impl Alarms {
    async fn fire(&self, job: &Job, due: &DueTick) -> Result<TickFiring, Failure> {
        let identity = self.catalog.owner(&job.namespace).await?.ok_or_else(Failure::not_found)?;
        identity.check_not_blocked()?;
        let accepted = self.clock.now();
        self.firing.count(&identity, accepted)?;
        let transaction = format!("alarm-{}", job.lease.job).into();
        let payload = match &due.payload {
            Some(payload) => payload.clone(),
            None => self.store.alarm(&due.trigger).await?.ok_or_else(Failure::not_found)?.payload,
        };
        let (payload, callback) = self.event(&identity, &payload, due.single).await?;
        let fire = Fire {
            id: job.lease.job,
            identity,
            trigger: due.trigger.clone(),
            payload,
            headers: None,
            context: Context::outermost(transaction, accepted),
            callback,
        };
        self.firing.prepare(fire).await.map(TickFiring)
    }

    /// An alarm's payload as the payload of a firing, and the callback in it. Only a `single` tick has callbacks.
    pub(super) async fn event(
        &self,
        identity: &Identity,
        payload: &Value,
        single: bool,
    ) -> Result<(Arguments, Option<AcceptedSubscription>), Failure> {
        let mut event = payload.as_object().cloned().unwrap_or_default();
        let asked = Subscription::discard(&mut event).filter(|_| single);
        let asked = asked.map(|asked| Subscription::from_value(&asked)).transpose()?;
        Ok((event, self.callbacks.accept_any(identity, asked).await?))
    }

    /// The entry in the alarm's history. A failed tick is also logged.
    fn past(&self, job: &Job, due: &DueTick, fired: &Result<TickFiring, Failure>) -> PastTick {
        let (trigger, attempt) = (&due.trigger, job.lease.attempt);
        let past = PastTick {
            due: due.due,
            through: None,
            origin: TickOrigin::Clock,
            end: TickEnd::Fired,
            at: self.clock.now(),
            reason: None,
            activation: None,
        };
        match fired {
            Ok(TickFiring(None)) => past,
            Ok(TickFiring(Some(event))) => {
                PastTick { at: event.record.start, activation: Some(event.record.id), ..past }
            }
            Err(cause) => {
                warn!(%trigger, due = %due.due, attempt, %cause, "alarm could not fire its trigger");
                PastTick { end: TickEnd::Failed, reason: Some(cause.to_string()), ..past }
            }
        }
    }
}
