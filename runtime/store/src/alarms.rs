//! Alarms: the triggers that the feeds of `/whisk.system/alarms` fire, and their past ticks.

use async_trait::async_trait;
use wask_model::{Alarm, FullName, NamespaceName, PastTick, Timestamp};

use crate::{ListPage, NewJob, StoreError};

/// Which alarms of a namespace to list.
#[derive(Clone, Debug)]
pub struct AlarmQuery {
    /// Whose they are.
    pub namespace: NamespaceName,
    /// How many to leave out at the beginning.
    pub skip: u64,
    /// How many to return at most.
    pub limit: u64,
    /// How many bytes they may have together; at least one is returned.
    pub bytes: u64,
}

impl AlarmQuery {
    /// All of a namespace.
    pub fn all(namespace: NamespaceName) -> AlarmQuery {
        AlarmQuery { namespace, skip: 0, limit: u64::MAX, bytes: u64::MAX }
    }
}

/// One due time of one alarm.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// The alarm as it was read when the tick was due.
    pub alarm: Alarm,
    /// When the tick was due; equal to `alarm.next_fire`.
    pub due: Timestamp,
}

/// What the ticker decided on one tick.
#[derive(Clone, Debug)]
pub struct AlarmAdvance {
    /// The tick that it claims.
    pub tick: Tick,
    /// The alarm from here on, with its next due time.
    pub becomes: Alarm,
    /// The job that fires the tick. `None`: the tick is not fired.
    pub fire: Option<NewJob>,
    /// The end of ticks that will not be fired.
    pub past: Vec<PastTick>,
}

/// Alarms, by trigger. Moving an alarm on claims its tick: of several nodes that try, one succeeds, and that node fires
/// it.
#[async_trait]
pub trait AlarmStore: Send + Sync {
    /// The alarm of a trigger. `None`: the trigger has no alarm.
    async fn alarm(&self, trigger: &FullName) -> Result<Option<Alarm>, StoreError>;

    /// One page of the alarms of a namespace, by trigger name.
    async fn alarms(&self, query: &AlarmQuery) -> Result<ListPage<Alarm>, StoreError>;

    /// Up to `limit` alarms of all namespaces that have a due time, ordered by trigger, after that of `after`.
    async fn armed_alarms(&self, after: Option<&FullName>, limit: u32) -> Result<Vec<Tick>, StoreError>;

    /// How many alarms a namespace has, active and disabled.
    async fn count_alarms(&self, namespace: &NamespaceName) -> Result<u64, StoreError>;

    /// Writes an alarm, whether or not the trigger has one, and removes its past ticks.
    async fn put_alarm(&self, alarm: Alarm) -> Result<(), StoreError>;

    /// Replaces an alarm. `false`: it has changed since it was read as `was`, and nothing was written.
    async fn replace_alarm(&self, was: &Alarm, becomes: Alarm) -> Result<bool, StoreError>;

    /// Removes an alarm and its past ticks. `false`: the trigger has none.
    async fn delete_alarm(&self, trigger: &FullName) -> Result<bool, StoreError>;

    /// The ticks that are due at `now`, longest overdue first, at most `limit`.
    async fn due_alarms(&self, now: Timestamp, limit: u32) -> Result<Vec<Tick>, StoreError>;

    /// Moves many alarms on in one transaction. For each, either all of it is written (the alarm, the job that fires
    /// the tick, the past ticks) or nothing. An alarm keeps its newest `keep` past ticks. `false`, in the order of
    /// `advances`: the alarm has changed since it was read, because another node fired it or its owner changed it, and
    /// nothing was written.
    async fn advance(&self, advances: Vec<AlarmAdvance>, keep: u32) -> Result<Vec<bool>, StoreError>;

    /// Replaces an alarm and writes the end of a tick. `false`: the alarm has changed since it was read as `was`, and
    /// nothing was written.
    async fn settle_tick(&self, was: &Alarm, becomes: Alarm, past: PastTick, keep: u32) -> Result<bool, StoreError>;

    /// Writes the end of a tick, in place of one that was written before. `false`: the trigger has no alarm.
    async fn note_tick(&self, trigger: &FullName, past: PastTick, keep: u32) -> Result<bool, StoreError>;

    /// The last `limit` past ticks of an alarm, latest due first.
    async fn past_ticks(&self, trigger: &FullName, limit: u32) -> Result<Vec<PastTick>, StoreError>;

    /// The earliest `next_fire` of all alarms. `None`: no alarm is active.
    async fn next_alarm(&self) -> Result<Option<Timestamp>, StoreError>;
}
