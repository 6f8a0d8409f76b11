//! Records how a claimed tick ended, in its alarm and in the alarm's history.

use wask_model::{FullName, PastTick};

use super::Alarms;
use super::due::Removal;
use super::feed::{self, TickOutcome};
use crate::retry::{TRIES, compare_and_swap};

impl Alarms {
    /// Writes the end of a tick. Returns what to remove because of it; `None` also if the alarm is gone.
    ///
    /// `Err` if the alarm changes [`TRIES`] times meanwhile, or the store fails. Doing it again is harmless.
    pub(super) async fn settle(
        &self,
        trigger: &FullName,
        tick: &TickOutcome,
        past: PastTick,
    ) -> anyhow::Result<Option<Removal>> {
        let keep = self.settings.history_ticks;
        compare_and_swap(TRIES, || async {
            let Some(alarm) = self.store.alarm(trigger).await? else { return Ok(Some(None)) };
            let after = feed::after_fire(&alarm, tick, &self.settings, self.clock.now());
            let removal = feed::to_remove(&after, tick.outcome);
            let settled = if after == alarm {
                self.store.note_tick(trigger, past.clone(), keep).await?
            } else {
                self.store.settle_tick(&alarm, after, past.clone(), keep).await?
            };
            if !settled {
                return Ok(None);
            }
            self.changed.notify_one();
            Ok::<_, anyhow::Error>(Some(removal.map(|remove| Removal { trigger: trigger.clone(), remove })))
        })
        .await
    }
}
