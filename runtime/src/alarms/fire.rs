//! One due time becomes one event, or a reason why not. Feeds contract §A.10, A.11.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;
use wask_model::{
    ActivationId, AlarmSchedule, Arguments, Failure, FullName, Identity, PastTick, Subscription, TickEnd, TickOrigin,
    Timestamp,
};
use wask_store::{Job, Tick};

use super::Alarms;
use super::feed::{self, Answer, AttemptDecision, Attempts, FireWhen, TickOutcome};
use super::overlap::TickDecision;
use super::removal::Removal;
use crate::callbacks::AcceptedSubscription;
use crate::firing::{self, Fire};
use crate::gate::Shares;
use crate::invoke::Context;
use crate::queue::{Handler, JobOutcome, NewWork};

/// What a job of the lane `fire` carries.
#[derive(Serialize, Deserialize)]
pub struct DueTick {
    pub trigger: FullName,
    pub payload: Value,
    pub due: Timestamp,
    /// Whether what the tick before it started has to end first.
    #[serde(default)]
    pub waits: bool,
    /// Attempts that found only that.
    #[serde(default)]
    pub waited: u32,
    /// Whether it is the only tick of its alarm.
    #[serde(default)]
    pub single: bool,
}

impl DueTick {
    /// `None`: the tick is not fired.
    pub fn from_tick(tick: &Tick, fires: FireWhen) -> Option<Self> {
        let waits = match fires {
            FireWhen::Now => false,
            FireWhen::Later => true,
            FireWhen::Not => return None,
        };
        let (trigger, payload) = (tick.alarm.trigger.clone(), tick.alarm.payload.clone());
        let single = matches!(tick.alarm.schedule, AlarmSchedule::Once { .. });
        Some(DueTick { trigger, payload, due: tick.due, waits, waited: 0, single })
    }

    pub fn to_payload(&self) -> String {
        serde_json::to_string(self).expect("a due time always serializes")
    }
}

/// Everything that a job of the lane `fire` may be.
#[derive(Deserialize)]
#[serde(untagged)]
enum Work {
    Fire(DueTick),
    Remove(Removal),
}

#[async_trait]
impl Handler for Alarms {
    async fn handle(&self, job: &Job) -> anyhow::Result<JobOutcome> {
        let due = match serde_json::from_str(&job.payload)? {
            Work::Fire(due) => due,
            Work::Remove(removal) => return self.remove(job, &removal).await,
        };
        let due = match self.turn(job, due).await? {
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
                let removal = self.tell(&due.trigger, &tick, past).await?;
                Ok(fired.done(removal.map(|removal| removal.into_work(self.clock.now()))))
            }
        }
    }

    fn shares(&self) -> &Shares {
        &self.shares
    }
}

/// What firing led to and has still to be stored: nothing if no rule was active.
#[derive(Default)]
struct TickFiring(Option<firing::PreparedFiring>);

impl TickFiring {
    fn started(&self) -> Vec<ActivationId> {
        self.0.iter().flat_map(|fired| &fired.work).map(|work| work.id).collect()
    }

    /// `after`: what is to follow when all of it is on disk.
    fn done(self, after: Option<NewWork>) -> JobOutcome {
        let Some(mut fired) = self.0 else {
            return JobOutcome::Finished { records: Vec::new(), next: Vec::from_iter(after), stored: Box::new(|| ()) };
        };
        let (records, mut next) = (Vec::from_iter(fired.record_to_store()), std::mem::take(&mut fired.work));
        next.extend(after);
        JobOutcome::Finished { records, next, stored: Box::new(move || fired.keep_in_flight()) }
    }
}

/// How an attempt that failed reads in the feed's terms.
fn answer_of(failure: &Failure) -> Answer {
    match failure {
        Failure::Throttled { .. } => Answer::Throttled,
        Failure::Unavailable(_) | Failure::Internal(_) => Answer::Failed,
        Failure::NotFound(_) => Answer::Refused(404),
        Failure::Forbidden(_) => Answer::Refused(403),
        Failure::Unauthenticated(_) => Answer::Refused(401),
        Failure::Conflict(_) => Answer::Failed, // 409 is tried again, like 408
        Failure::PreconditionFailed(_) => Answer::Refused(412),
        Failure::TooLarge(_) => Answer::Refused(413),
        Failure::BadRequest(_) | Failure::Unprocessable(_) => Answer::Refused(400),
    }
}

/// The attempts before this one, as the lease counts them. What they were answered is not kept: a tick that is throttled
/// now is taken to have been throttled from the start, which is the rule it is for.
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
        let (payload, callback) = self.event(&identity, &due.payload, due.single).await?;
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

    /// The payload of an alarm as an event, and the callback in it: what recurs does not call back.
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

    /// What is told of the tick, and in the log if it failed.
    fn past(&self, job: &Job, due: &DueTick, fired: &Result<TickFiring, Failure>) -> PastTick {
        let (trigger, attempt) = (&due.trigger, job.lease.attempt);
        let told = PastTick {
            due: due.due,
            through: None,
            origin: TickOrigin::Clock,
            end: TickEnd::Fired,
            at: self.clock.now(),
            reason: None,
            activation: None,
        };
        match fired {
            Ok(TickFiring(None)) => told,
            Ok(TickFiring(Some(event))) => {
                PastTick { at: event.record.start, activation: Some(event.record.id), ..told }
            }
            Err(cause) => {
                warn!(%trigger, due = %due.due, attempt, %cause, "alarm could not fire its trigger");
                PastTick { end: TickEnd::Failed, reason: Some(cause.to_string()), ..told }
            }
        }
    }

    /// Lets the alarm know what came of its tick; returns what is to be removed after it.
    pub(super) async fn tell(
        &self,
        trigger: &FullName,
        tick: &TickOutcome,
        past: PastTick,
    ) -> anyhow::Result<Option<Removal>> {
        let keep = self.settings.history_ticks;
        while let Some(alarm) = self.store.alarm(trigger).await? {
            let after = feed::after_fire(&alarm, tick, &self.settings, self.clock.now());
            let removal = feed::to_remove(&after, tick.outcome);
            let told = match after == alarm {
                true => self.store.note_tick(trigger, past.clone(), keep).await?,
                false => self.store.settle_tick(&alarm, after, past.clone(), keep).await?,
            };
            if told {
                self.changed.notify_one();
                return Ok(removal.map(|remove| Removal { trigger: trigger.clone(), remove }));
            }
        }
        Ok(None)
    }
}
