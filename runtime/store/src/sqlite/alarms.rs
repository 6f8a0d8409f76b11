//! Alarms: [`AlarmStore`].

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use wask_model::{Alarm, FullName, NamespaceName, PastTick, Timestamp};

use super::SqliteStore;
use super::job_rows::insert_jobs;
use super::operation::Steps;
use super::ticks::{self, TickRow};
use super::values::{self, Key, sql_number};
use crate::{AlarmAdvance, AlarmStore, NewJob, StoreError, Tick};

#[async_trait]
impl AlarmStore for SqliteStore {
    async fn alarm(&self, trigger: &FullName) -> Result<Option<Alarm>, StoreError> {
        let key = Key::from(trigger);
        self.readers.read(move |db| stored(db, &key)).await
    }

    async fn alarms(&self, namespace: &NamespaceName, skip: u64, limit: u64) -> Result<Vec<Alarm>, StoreError> {
        let owner = namespace.clone();
        let read = move |db: &Connection| {
            let mut select =
                db.prepare_cached("SELECT doc FROM alarm WHERE namespace = ?1 ORDER BY local LIMIT ?2 OFFSET ?3")?;
            let mut found = select.query(params![owner.as_str(), sql_number(limit), sql_number(skip)])?;
            let mut alarms = Vec::new();
            while let Some(row) = found.next()? {
                alarms.push(values::json(row, 0)?);
            }
            Ok(alarms)
        };
        self.readers.read_for(namespace, read).await
    }

    async fn armed_alarms(&self, after: Option<&FullName>, limit: u32) -> Result<Vec<Tick>, StoreError> {
        let (namespace, local) = after.map_or_else(Default::default, |name| (name.namespace.to_string(), name.local()));
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached(
                "SELECT next_fire, doc FROM alarm WHERE next_fire IS NOT NULL AND (namespace, local) > (?1, ?2)
                 ORDER BY namespace, local LIMIT ?3",
            )?;
            let mut found = select.query(params![namespace, local, limit])?;
            let mut ticks = Vec::new();
            while let Some(row) = found.next()? {
                ticks.push(Tick { due: values::time(row, 0)?, alarm: values::json(row, 1)? });
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
        let (key, next_fire, doc) =
            (Key::from(&alarm.trigger), alarm.next_fire.map(Timestamp::millis), serde_json::to_string(&alarm)?);
        let put = move |db: &Connection| {
            let mut upsert = db.prepare_cached(
                "INSERT INTO alarm (namespace, local, next_fire, doc) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (namespace, local) DO UPDATE SET next_fire = excluded.next_fire, doc = excluded.doc",
            )?;
            upsert.execute(params![key.namespace.as_str(), key.local, next_fire, doc])?;
            ticks::remove_all(db, &key)
        };
        self.writer.write(Steps::Several, put).await
    }

    async fn replace_alarm(&self, was: &Alarm, becomes: Alarm) -> Result<bool, StoreError> {
        let (key, was, doc) = (Key::from(&was.trigger), was.clone(), serde_json::to_string(&becomes)?);
        let replace = move |db: &Connection| {
            let unchanged = stored(db, &key)?.is_some_and(|alarm| alarm == was);
            if unchanged {
                update(db, &key, &becomes, &doc)?;
            }
            Ok(unchanged)
        };
        self.writer.write(Steps::One, replace).await
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
            let mut select = db.prepare_cached(
                "SELECT next_fire, doc FROM alarm WHERE next_fire IS NOT NULL AND next_fire <= ?1
                 ORDER BY next_fire, namespace, local LIMIT ?2",
            )?;
            let mut found = select.query(params![now.millis(), limit])?;
            let mut ticks = Vec::new();
            while let Some(row) = found.next()? {
                ticks.push(Tick { due: values::time(row, 0)?, alarm: values::json(row, 1)? });
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
        let (key, was, doc) = (Key::from(&was.trigger), was.clone(), serde_json::to_string(&becomes)?);
        let row = TickRow::new(&past)?;
        let settle = move |db: &Connection| {
            let unchanged = stored(db, &key)?.is_some_and(|alarm| alarm == was);
            if unchanged {
                update(db, &key, &becomes, &doc)?;
                ticks::put(db, &key, std::slice::from_ref(&row), keep)?;
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

/// An [`AlarmAdvance`] with everything serialized, to spare the writer thread.
struct BoundAdvance {
    key: Key,
    tick: Tick,
    becomes: Alarm,
    doc: String,
    fire: Vec<NewJob>,
    past: Vec<TickRow>,
}

impl BoundAdvance {
    fn new(ready: AlarmAdvance) -> Result<Self, StoreError> {
        let AlarmAdvance { tick, becomes, fire, past } = ready;
        let past = past.iter().map(TickRow::new).collect::<Result<_, _>>()?;
        let (key, doc) = (Key::from(&tick.alarm.trigger), serde_json::to_string(&becomes)?);
        Ok(BoundAdvance { key, tick, becomes, doc, fire: Vec::from_iter(fire), past })
    }

    fn write(&self, db: &Connection, keep: u32) -> Result<bool, StoreError> {
        // Compared as values, because JSON can spell a number in more than one way.
        let as_it_was = |alarm: &Alarm| alarm.next_fire == Some(self.tick.due) && *alarm == self.tick.alarm;
        if !stored(db, &self.key)?.is_some_and(|alarm| as_it_was(&alarm)) {
            return Ok(false);
        }
        update(db, &self.key, &self.becomes, &self.doc)?;
        insert_jobs(db, &self.fire)?;
        ticks::put(db, &self.key, &self.past, keep)?;
        Ok(true)
    }
}

fn stored(db: &Connection, key: &Key) -> Result<Option<Alarm>, StoreError> {
    let mut select = db.prepare_cached("SELECT doc FROM alarm WHERE namespace = ?1 AND local = ?2")?;
    let found = select.query_row(params![key.namespace.as_str(), key.local], |row| Ok(values::json(row, 0)));
    found.optional()?.transpose()
}

/// `doc`: the alarm as JSON.
fn update(db: &Connection, key: &Key, alarm: &Alarm, doc: &str) -> Result<(), StoreError> {
    let mut update =
        db.prepare_cached("UPDATE alarm SET next_fire = ?3, doc = ?4 WHERE namespace = ?1 AND local = ?2")?;
    update.execute(params![key.namespace.as_str(), key.local, alarm.next_fire.map(Timestamp::millis), doc])?;
    Ok(())
}
