//! The jobs of the lane `fire`: a due tick, and what `deleteAfterFire` removes after one.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wask_model::{ActivationId, AlarmSchedule, DeleteAfterFire, FullName, Timestamp};
use wask_store::{Lane, Tick};

use super::feed::FireWhen;
use crate::gate::Permit;
use crate::queue::NewWork;

/// The payload of a job: a tick to fire.
#[derive(Serialize, Deserialize)]
pub struct DueTick {
    /// The trigger to fire.
    pub trigger: FullName,
    /// The alarm's payload, in jobs of earlier versions. The others leave it where it is: a copy for each tick could
    /// fill the disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
    /// When the tick was due.
    pub due: Timestamp,
    /// Whether it must wait for the end of what the previous tick started.
    #[serde(default)]
    pub waits: bool,
    /// The attempts of the job that only found it still waiting.
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
        let trigger = tick.alarm.trigger.clone();
        let single = matches!(tick.alarm.schedule, AlarmSchedule::Once { .. });
        Some(DueTick { trigger, payload: None, due: tick.due, waits, waited: 0, single })
    }

    pub fn to_payload(&self) -> String {
        serde_json::to_string(self).expect("a due tick always serializes")
    }
}

/// The payload of a job: what to remove after a single firing.
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

/// Any payload of a job of the lane `fire`.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum DueWork {
    Fire(DueTick),
    Remove(Removal),
}

/// A job of the lane `fire`. It needs no permit of its namespace.
pub fn due_work(id: ActivationId, trigger: FullName, payload: String) -> NewWork {
    let namespace = trigger.namespace.clone();
    let (share, permit) = (namespace.to_string(), Some(Permit::Borrowed));
    NewWork { id, lane: Lane::Fire, namespace, share, name: trigger, cause: None, payload, permit, callback: None }
}
