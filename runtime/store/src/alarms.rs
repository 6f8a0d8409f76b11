//! Feed records of `/whisk.system/alarms`.

use async_trait::async_trait;
use wask_model::{Alarm, FullName, NamespaceName, Timestamp};

use crate::{NewJob, StoreError};

/// One due time of one alarm, as claimed.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// The alarm as it was when it was due.
    pub alarm: Alarm,
    /// The time it was due; equal to `alarm.next_fire`.
    pub due: Timestamp,
}

/// A tick is claimed by moving the alarm on: whoever moves it fires it, and nobody else does.
#[async_trait]
pub trait AlarmStore: Send + Sync {
    async fn alarm(&self, trigger: &FullName) -> Result<Option<Alarm>, StoreError>;

    /// All alarms of a namespace, by trigger name.
    async fn alarms(&self, namespace: &NamespaceName) -> Result<Vec<Alarm>, StoreError>;

    /// Active and disabled ones.
    async fn count_alarms(&self, namespace: &NamespaceName) -> Result<u64, StoreError>;

    /// Writes the record whole, whether it exists or not.
    async fn put_alarm(&self, alarm: Alarm) -> Result<(), StoreError>;

    /// Replaces the record if it is still as it was read. `false`: it is not, nothing was written.
    async fn replace_alarm(&self, was: &Alarm, becomes: Alarm) -> Result<bool, StoreError>;

    /// `false`: there was none.
    async fn delete_alarm(&self, trigger: &FullName) -> Result<bool, StoreError>;

    /// Alarms with `next_fire` ≤ `now`, longest overdue first, at most `limit`.
    async fn due_alarms(&self, now: Timestamp, limit: u32) -> Result<Vec<Tick>, StoreError>;

    /// Replaces the alarm that was due by `moved` and stores the fire job, together or not at all.
    /// `false`: its `next_fire` is not `tick.due` any more (somebody else fired or changed it); nothing was written.
    async fn advance(&self, tick: &Tick, moved: Alarm, fire: Option<NewJob>) -> Result<bool, StoreError>;

    /// The earliest `next_fire` of all alarms. `None`: none is active.
    async fn next_alarm(&self) -> Result<Option<Timestamp>, StoreError>;
}
