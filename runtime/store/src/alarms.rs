//! Feed records of `/whisk.system/alarms`.

use async_trait::async_trait;
use wask_model::{Alarm, FullName, NamespaceName, PastTick, Timestamp};

use crate::{NewJob, StoreError};

/// One due time of one alarm, as claimed.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// The alarm as it was when it was due.
    pub alarm: Alarm,
    /// The time it was due; equal to `alarm.next_fire`.
    pub due: Timestamp,
}

/// A claimed tick: where its alarm goes on, the job that fires it, and what became of ticks that are not fired.
#[derive(Clone, Debug)]
pub struct AlarmAdvance {
    pub tick: Tick,
    pub becomes: Alarm,
    pub fire: Option<NewJob>,
    pub past: Vec<PastTick>,
}

/// A tick is claimed by moving the alarm on: whoever moves it fires it, and nobody else does.
#[async_trait]
pub trait AlarmStore: Send + Sync {
    async fn alarm(&self, trigger: &FullName) -> Result<Option<Alarm>, StoreError>;

    /// Up to `limit` alarms of a namespace behind the first `skip`, by trigger name.
    async fn alarms(&self, namespace: &NamespaceName, skip: u64, limit: u64) -> Result<Vec<Alarm>, StoreError>;

    /// Active and disabled ones.
    async fn count_alarms(&self, namespace: &NamespaceName) -> Result<u64, StoreError>;

    /// Writes the record whole, whether it exists or not; what is told of past ticks goes.
    async fn put_alarm(&self, alarm: Alarm) -> Result<(), StoreError>;

    /// Replaces the record if it is still as it was read. `false`: it is not, nothing was written.
    async fn replace_alarm(&self, was: &Alarm, becomes: Alarm) -> Result<bool, StoreError>;

    /// Removes the alarm and what is told of its past ticks. `false`: there was none.
    async fn delete_alarm(&self, trigger: &FullName) -> Result<bool, StoreError>;

    /// Alarms with `next_fire` ≤ `now`, longest overdue first, at most `limit`.
    async fn due_alarms(&self, now: Timestamp, limit: u32) -> Result<Vec<Tick>, StoreError>;

    /// Many ticks in one transaction: each replaces the alarm that was due, stores its fire job and what became of other
    /// ticks, together or not at all; an alarm tells of its newest `keep` past ticks. `false`: its `next_fire` is not
    /// `tick.due` any more (somebody else fired or changed it), nothing was written of that tick.
    async fn advance(&self, moves: Vec<AlarmAdvance>, keep: u32) -> Result<Vec<bool>, StoreError>;

    /// Replaces the record if it is still as it was read, and writes what became of a tick. `false`: nothing was written.
    async fn settle_tick(&self, was: &Alarm, becomes: Alarm, past: PastTick, keep: u32) -> Result<bool, StoreError>;

    /// Writes what became of a tick, again if it was written before. `false`: there is no such alarm.
    async fn note_tick(&self, trigger: &FullName, past: PastTick, keep: u32) -> Result<bool, StoreError>;

    /// What became of the last `limit` ticks, latest due first.
    async fn past_ticks(&self, trigger: &FullName, limit: u32) -> Result<Vec<PastTick>, StoreError>;

    /// The earliest `next_fire` of all alarms. `None`: none is active.
    async fn next_alarm(&self) -> Result<Option<Timestamp>, StoreError>;
}
