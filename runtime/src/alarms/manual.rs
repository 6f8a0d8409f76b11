//! An alarm in the hands of its owner, apart from the calls of its feed: show, run now, pause, resume.

use wask_model::{
    ActivationId, Alarm, AlarmSchedule, DisabledKind, Failure, FullName, NamespaceName, PastTick, SharedIdentity,
    TickEnd, TickOrigin, Timestamp, messages,
};
use wask_store::{AlarmQuery, ListPage};

use super::{Alarms, feed};
use crate::firing::Fire;
use crate::invoke::Context;
use crate::retry::{TRIES, compare_and_swap};

/// How many ticks to come an [`AlarmView`] shows.
const UPCOMING: usize = 5;
/// How many past ticks it shows.
const PAST: u32 = 20;

/// An alarm with its next and its latest ticks.
pub struct AlarmView {
    pub alarm: Alarm,
    /// Earliest first.
    pub upcoming: Vec<Timestamp>,
    /// Latest first.
    pub past: Vec<PastTick>,
}

impl Alarms {
    /// A page of the alarms of a namespace, ordered by the names of their triggers.
    pub async fn list(&self, query: &AlarmQuery) -> Result<ListPage<Alarm>, Failure> {
        Ok(self.store.alarms(query).await?)
    }

    pub async fn count(&self, namespace: &NamespaceName) -> Result<u64, Failure> {
        Ok(self.store.count_alarms(namespace).await?)
    }

    /// `Err(NotFound)`: the trigger has no alarm.
    pub async fn view(&self, trigger: &FullName) -> Result<AlarmView, Failure> {
        let alarm = self.own(trigger).await?;
        let upcoming = feed::upcoming(&alarm, &self.settings, UPCOMING);
        let past = self.store.past_ticks(trigger, PAST).await?;
        Ok(AlarmView { alarm, upcoming, past })
    }

    /// Fires the alarm's trigger with the alarm's payload now, even if the alarm is disabled. It counts against the
    /// rate limit, but changes neither the alarm's ticks nor its remaining firings. `None`: no rule is active.
    pub async fn run_now(
        &self,
        identity: SharedIdentity,
        trigger: &FullName,
        context: Context,
    ) -> Result<Option<ActivationId>, Failure> {
        let alarm = self.own(trigger).await?;
        let (id, due) = (ActivationId::new(context.accepted), context.accepted);
        self.firing.count(&identity, due)?;
        let single = matches!(alarm.schedule, AlarmSchedule::Once { .. });
        let (payload, callback) = self.event(&identity, &alarm.payload, single).await?;
        let trigger = trigger.clone();
        let fired = self.firing.fire(Fire { id, identity, trigger, payload, headers: None, context, callback }).await;
        let (end, reason) = match &fired {
            Ok(_) => (TickEnd::Fired, None),
            Err(failure) => (TickEnd::Failed, Some(failure.to_string())),
        };
        let activation = fired.as_ref().ok().copied().flatten();
        let at = self.clock.now();
        let past = PastTick { due, through: None, origin: TickOrigin::Hand, end, at, reason, activation };
        self.store.note_tick(&alarm.trigger, past, self.settings.history_ticks).await?;
        fired
    }

    /// Like PAUSE of the feed.
    pub async fn pause(&self, trigger: &FullName) -> Result<AlarmView, Failure> {
        self.change_own(trigger, |alarm, now| Ok(feed::pause(alarm, now))).await
    }

    /// Like UNPAUSE of the feed. `Err(Conflict)`: an administrator disabled the alarm.
    pub async fn resume(&self, trigger: &FullName) -> Result<AlarmView, Failure> {
        self.change_own(trigger, |alarm, now| match alarm.status.reason.as_ref().map(|reason| reason.kind) {
            Some(DisabledKind::Admin) => {
                Err(Failure::Conflict(messages::alarms::disabled_by_admin(&alarm.trigger.name)))
            }
            Some(DisabledKind::User | DisabledKind::Auto) | None => Ok(feed::resumed(alarm, &self.settings, now)),
        })
        .await
    }

    /// Changes the alarm; tries again if a tick or another request changed it at the same time.
    async fn change_own(
        &self,
        trigger: &FullName,
        to: impl Fn(&Alarm, Timestamp) -> Result<Alarm, Failure> + Send + Sync,
    ) -> Result<AlarmView, Failure> {
        compare_and_swap(TRIES, || async {
            let alarm = self.own(trigger).await?;
            let becomes = to(&alarm, self.clock.now())?;
            let done = becomes == alarm || self.store.replace_alarm(&alarm, becomes).await?;
            Ok::<_, Failure>(done.then_some(()))
        })
        .await?;
        self.changed.notify_one();
        self.view(trigger).await
    }

    async fn own(&self, trigger: &FullName) -> Result<Alarm, Failure> {
        self.store.alarm(trigger).await?.ok_or_else(Failure::not_found)
    }
}
