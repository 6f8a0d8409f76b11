//! Carries out `deleteAfterFire`, once the firing and everything that follows from it are on disk. feeds.md
//! §A.10.

use wask_model::{Alarm, AlarmSchedule, DeleteAfterFire, Failure, FullName};
use wask_store::Job;

use super::Alarms;
use super::due::Removal;
use crate::catalog::{Condition, Write};
use crate::queue::JobOutcome;

impl Alarms {
    /// Removes the rules first and the alarm last, so that a removal that was interrupted starts again from the
    /// beginning. An alarm that was created again since then stays, and so does its trigger.
    pub(super) async fn remove(&self, job: &Job, removal: &Removal) -> anyhow::Result<JobOutcome> {
        let done = || JobOutcome::finished(Vec::new());
        let Some(identity) = self.catalog.owner(&job.namespace).await? else { return Ok(done()) };
        let transaction = format!("alarm-{}", job.lease.job).into();
        let by = Write { identity, transaction, condition: Condition::None };
        match self.store.alarm(&removal.trigger).await? {
            Some(alarm) if has_fired_its_only_tick(&alarm) => (),
            Some(_) | None => return Ok(done()),
        }
        if removal.remove == DeleteAfterFire::Rules {
            self.remove_rules(&removal.trigger, &by).await?;
        }
        match self.catalog.delete_trigger(&removal.trigger, &by).await {
            Ok(_) | Err(Failure::NotFound(_)) => (),
            Err(failure) => return Err(failure.into()),
        }
        self.store.delete_alarm(&removal.trigger).await?;
        Ok(done())
    }

    async fn remove_rules(&self, trigger: &FullName, by: &Write) -> Result<(), Failure> {
        let rules = match self.catalog.trigger(trigger).await {
            Ok(trigger) => trigger.rules.unwrap_or_default(),
            Err(Failure::NotFound(_)) => return Ok(()),
            Err(failure) => return Err(failure),
        };
        for rule in rules.keys() {
            let rule = FullName::qualified(rule, &trigger.namespace)?;
            match self.catalog.delete_rule(&rule, by).await {
                Ok(_) | Err(Failure::NotFound(_)) => (),
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }
}

fn has_fired_its_only_tick(alarm: &Alarm) -> bool {
    matches!(alarm.schedule, AlarmSchedule::Once { .. }) && !alarm.status.active
}
