//! What `deleteAfterFire` asks for, once the fire and what follows from it are on disk. Feeds contract §A.10.

use serde::{Deserialize, Serialize};
use wask_model::{ActivationId, Alarm, AlarmSchedule, DeleteAfterFire, Failure, FullName, Timestamp};
use wask_store::Job;

use super::Alarms;
use super::ticker::due_work;
use crate::catalog::{Condition, Write};
use crate::queue::{JobOutcome, NewWork};

/// What a job of the lane `fire` carries that follows on a single fire.
#[derive(Serialize, Deserialize)]
pub struct Removal {
    pub trigger: FullName,
    pub remove: DeleteAfterFire,
}

impl Removal {
    pub fn into_work(self, now: Timestamp) -> NewWork {
        let payload = serde_json::to_string(&self).expect("a removal always serializes");
        due_work(ActivationId::new(now), self.trigger, payload)
    }
}

impl Alarms {
    /// Rules first and the alarm last: a removal that is cut short is done again from the start. An alarm that was made
    /// anew meanwhile stays, and so does its trigger.
    pub(super) async fn remove(&self, job: &Job, removal: &Removal) -> anyhow::Result<JobOutcome> {
        let done = || JobOutcome::finished(Vec::new());
        let Some(identity) = self.catalog.owner(&job.namespace).await? else { return Ok(done()) };
        let transaction = format!("alarm-{}", job.lease.job).into();
        let by = Write { identity, transaction, condition: Condition::None };
        match self.store.alarm(&removal.trigger).await? {
            Some(alarm) if has_had_its_fire(&alarm) => (),
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

fn has_had_its_fire(alarm: &Alarm) -> bool {
    matches!(alarm.schedule, AlarmSchedule::Once { .. }) && !alarm.status.active
}
