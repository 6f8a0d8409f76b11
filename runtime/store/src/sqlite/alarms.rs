//! Alarms: [`AlarmStore`].

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use wask_model::{Alarm, FullName, NamespaceName, PastTick, Timestamp};

use super::SqliteStore;
use super::alarm_rows::{AlarmRow, alarm_at, put, stored, update, with_payload};
use super::job_rows::insert_jobs;
use super::operation::Steps;
use super::pages::{self, Weight};
use super::ticks::{self, TickRow};
use super::values::{self, Key, sql_number};
use crate::{AlarmAdvance, AlarmQuery, AlarmStore, ListPage, NewJob, StoreError, Tick};

#[async_trait]
impl AlarmStore for SqliteStore {
    async fn alarm(&self, trigger: &FullName) -> Result<Option<Alarm>, StoreError> {
        let key = Key::from(trigger);
        self.readers.read(move |db| stored(db, &key)).await
    }

    async fn alarms(&self, query: &AlarmQuery) -> Result<ListPage<Alarm>, StoreError> {
        let AlarmQuery { namespace, skip, limit, bytes } = query.clone();
        let read = move |db: &Connection| {
            let mut select =
                db.prepare_cached("SELECT local FROM alarm WHERE namespace = ?1 ORDER BY local LIMIT ?2 OFFSET ?3")?;
            let found =
                select.query_map(params![namespace.as_str(), sql_number(limit), sql_number(skip)], |row| row.get(0))?;
            let names: Vec<String> = found.collect::<Result<_, _>>()?;
            pages::page(names, bytes, |local| listed(db, &namespace, &local))
        };
        self.readers.read_for(&query.namespace, read).await
    }

    async fn armed_alarms(&self, after: Option<&FullName>, limit: u32) -> Result<Vec<Tick>, StoreError> {
        let (namespace, local) = after.map_or_else(Default::default, |name| (name.namespace.to_string(), name.local()));
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached(&with_payload(
                "WHERE next_fire IS NOT NULL AND (namespace, local) > (?1, ?2) ORDER BY namespace, local LIMIT ?3",
            ))?;
            let mut found = select.query(params![namespace, local, limit])?;
            let mut ticks = Vec::new();
            while let Some(row) = found.next()? {
                ticks.push(tick(row)?);
            }
            Ok(ticks)
        };
        self.readers.read(read).await
    }

    async fn count_alarms(&self, namespace: &NamespaceName) -> Result<u64, StoreError> {
        let owner = namespace.clone();
        let read = move |db: &Connection| {
            let mut count = db.prepare_cached("SELECT count(*) FROM alarm WHERE namespace = ?1")?;
            Ok(count.query_row([owner.as_str()], values::count)?)
        };
        self.readers.read_for(namespace, read).await
    }

    async fn put_alarm(&self, alarm: Alarm) -> Result<(), StoreError> {
        let row = AlarmRow::new(alarm, None)?;
        let put = move |db: &Connection| {
            put(db, &row)?;
            ticks::remove_all(db, &row.key)
        };
        self.writer.write(Steps::Several, put).await
    }

    async fn replace_alarm(&self, was: &Alarm, becomes: Alarm) -> Result<bool, StoreError> {
        let (row, was) = (AlarmRow::new(becomes, Some(was))?, was.clone());
        let replace = move |db: &Connection| {
            let unchanged = stored(db, &row.key)?.is_some_and(|alarm| alarm == was);
            if unchanged {
                update(db, &row)?;
            }
            Ok(unchanged)
        };
        self.writer.write(Steps::Several, replace).await
    }

    async fn delete_alarm(&self, trigger: &FullName) -> Result<bool, StoreError> {
        let key = Key::from(trigger);
        let delete = move |db: &Connection| {
            let mut delete = db.prepare_cached("DELETE FROM alarm WHERE namespace = ?1 AND local = ?2")?;
            let deleted = delete.execute(params![key.namespace.as_str(), key.local])? > 0;
            ticks::remove_all(db, &key)?;
            Ok(deleted)
        };
        self.writer.write(Steps::Several, delete).await
    }

    async fn due_alarms(&self, now: Timestamp, limit: u32) -> Result<Vec<Tick>, StoreError> {
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached(&with_payload(
                "WHERE next_fire IS NOT NULL AND next_fire <= ?1 ORDER BY next_fire, namespace, local LIMIT ?2",
            ))?;
            let mut found = select.query(params![now.millis(), limit])?;
            let mut ticks = Vec::new();
            while let Some(row) = found.next()? {
                ticks.push(tick(row)?);
            }
            Ok(ticks)
        };
        self.readers.read(read).await
    }

    async fn advance(&self, advances: Vec<AlarmAdvance>, keep: u32) -> Result<Vec<bool>, StoreError> {
        let advances = advances.into_iter().map(BoundAdvance::new).collect::<Result<Vec<_>, _>>()?;
        let advance = move |db: &Connection| advances.iter().map(|advance| advance.write(db, keep)).collect();
        self.writer.write(Steps::Several, advance).await
    }

    async fn settle_tick(&self, was: &Alarm, becomes: Alarm, past: PastTick, keep: u32) -> Result<bool, StoreError> {
        let (row, was, past) = (AlarmRow::new(becomes, Some(was))?, was.clone(), TickRow::new(&past)?);
        let settle = move |db: &Connection| {
            let unchanged = stored(db, &row.key)?.is_some_and(|alarm| alarm == was);
            if unchanged {
                update(db, &row)?;
                ticks::put(db, &row.key, std::slice::from_ref(&past), keep)?;
            }
            Ok(unchanged)
        };
        self.writer.write(Steps::Several, settle).await
    }

    async fn note_tick(&self, trigger: &FullName, past: PastTick, keep: u32) -> Result<bool, StoreError> {
        let (key, row) = (Key::from(trigger), TickRow::new(&past)?);
        let note = move |db: &Connection| {
            let mut select = db.prepare_cached("SELECT 1 FROM alarm WHERE namespace = ?1 AND local = ?2")?;
            let known = select.exists(params![key.namespace.as_str(), key.local])?;
            if known {
                ticks::put(db, &key, std::slice::from_ref(&row), keep)?;
            }
            Ok(known)
        };
        self.writer.write(Steps::Several, note).await
    }

    async fn past_ticks(&self, trigger: &FullName, limit: u32) -> Result<Vec<PastTick>, StoreError> {
        let key = Key::from(trigger);
        self.readers.read(move |db| ticks::latest(db, &key, limit)).await
    }

    async fn next_alarm(&self) -> Result<Option<Timestamp>, StoreError> {
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached("SELECT min(next_fire) FROM alarm WHERE next_fire IS NOT NULL")?;
            select.query_row([], |row| Ok(values::optional_time(row, 0)))?
        };
        self.readers.read(read).await
    }
}

/// Columns: those of [`with_payload`].
fn tick(row: &Row<'_>) -> Result<Tick, StoreError> {
    let alarm = alarm_at(row)?;
    let due = alarm.next_fire.ok_or_else(|| anyhow::anyhow!("an alarm that is due has no due time"))?;
    Ok(Tick { due, alarm })
}

/// An [`AlarmAdvance`] with everything serialized, to spare the writer thread.
struct BoundAdvance {
    tick: Tick,
    becomes: AlarmRow,
    fire: Vec<NewJob>,
    past: Vec<TickRow>,
}

impl BoundAdvance {
    fn new(ready: AlarmAdvance) -> Result<Self, StoreError> {
        let AlarmAdvance { tick, becomes, fire, past } = ready;
        let past = past.iter().map(TickRow::new).collect::<Result<_, _>>()?;
        let becomes = AlarmRow::new(becomes, Some(&tick.alarm))?;
        Ok(BoundAdvance { tick, becomes, fire: Vec::from_iter(fire), past })
    }

    fn write(&self, db: &Connection, keep: u32) -> Result<bool, StoreError> {
        let key = &self.becomes.key;
        // Compared as values, because JSON can spell a number in more than one way.
        let as_it_was = |alarm: &Alarm| alarm.next_fire == Some(self.tick.due) && *alarm == self.tick.alarm;
        if !stored(db, key)?.is_some_and(|alarm| as_it_was(&alarm)) {
            return Ok(false);
        }
        update(db, &self.becomes)?;
        insert_jobs(db, &self.fire)?;
        ticks::put(db, key, &self.past, keep)?;
        Ok(true)
    }
}

/// One alarm of a page, and its bytes.
fn listed(db: &Connection, namespace: &NamespaceName, local: &str) -> Result<Option<(Alarm, Weight)>, StoreError> {
    let mut select = db.prepare_cached(&with_payload("WHERE namespace = ?1 AND local = ?2"))?;
    let weighed = |row: &Row<'_>| {
        let bytes = values::text(row, 0)?.len() + values::text(row, 1)?.len();
        Ok((alarm_at(row)?, Weight::of(bytes)))
    };
    let found = select.query_row([namespace.as_str(), local], |row| Ok(weighed(row)));
    found.optional()?.transpose()
}
