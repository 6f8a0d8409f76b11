//! Feed records of `/whisk.system/alarms`.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use wask_model::{Alarm, FullName, NamespaceName, Timestamp};

use super::SqliteStore;
use super::operation::Steps;
use super::rows::{self, Key, insert_jobs};
use crate::{AlarmStore, NewJob, StoreError, Tick};

#[async_trait]
impl AlarmStore for SqliteStore {
    async fn alarm(&self, trigger: &FullName) -> Result<Option<Alarm>, StoreError> {
        let key = Key::from(trigger);
        self.readers.read(move |db| stored(db, &key)).await
    }

    async fn alarms(&self, namespace: &NamespaceName) -> Result<Vec<Alarm>, StoreError> {
        let namespace = namespace.clone();
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached("SELECT doc FROM alarm WHERE namespace = ?1 ORDER BY local")?;
            let mut found = select.query([namespace.as_str()])?;
            let mut alarms = Vec::new();
            while let Some(row) = found.next()? {
                alarms.push(rows::json(row, 0)?);
            }
            Ok(alarms)
        };
        self.readers.read(read).await
    }

    async fn count_alarms(&self, namespace: &NamespaceName) -> Result<u64, StoreError> {
        let namespace = namespace.clone();
        let read = move |db: &Connection| {
            let mut count = db.prepare_cached("SELECT count(*) FROM alarm WHERE namespace = ?1")?;
            Ok(count.query_row([namespace.as_str()], rows::count)?)
        };
        self.readers.read(read).await
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
            Ok(())
        };
        self.writer.write(Steps::One, put).await
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
            Ok(delete.execute(params![key.namespace.as_str(), key.local])? > 0)
        };
        self.writer.write(Steps::One, delete).await
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
                ticks.push(Tick { due: rows::time(row, 0)?, alarm: rows::json(row, 1)? });
            }
            Ok(ticks)
        };
        self.readers.read(read).await
    }

    async fn advance(&self, tick: &Tick, moved: Alarm, fire: Option<NewJob>) -> Result<bool, StoreError> {
        let (key, tick, fire) = (Key::from(&tick.alarm.trigger), tick.clone(), Vec::from_iter(fire));
        let doc = serde_json::to_string(&moved)?;
        let advance = move |db: &Connection| {
            // Compared as values: a number may be written in more than one way.
            let current = stored(db, &key)?.filter(|alarm| alarm.next_fire == Some(tick.due) && *alarm == tick.alarm);
            if current.is_none() {
                return Ok(false);
            }
            update(db, &key, &moved, &doc)?;
            insert_jobs(db, &fire)?;
            Ok(true)
        };
        self.writer.write(Steps::Several, advance).await
    }

    async fn next_alarm(&self) -> Result<Option<Timestamp>, StoreError> {
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached("SELECT min(next_fire) FROM alarm WHERE next_fire IS NOT NULL")?;
            select.query_row([], |row| Ok(rows::optional_time(row, 0)))?
        };
        self.readers.read(read).await
    }
}

fn stored(db: &Connection, key: &Key) -> Result<Option<Alarm>, StoreError> {
    let mut select = db.prepare_cached("SELECT doc FROM alarm WHERE namespace = ?1 AND local = ?2")?;
    let found = select.query_row(params![key.namespace.as_str(), key.local], |row| Ok(rows::json(row, 0)));
    found.optional()?.transpose()
}

/// `doc`: the alarm as JSON.
fn update(db: &Connection, key: &Key, alarm: &Alarm, doc: &str) -> Result<(), StoreError> {
    let mut update =
        db.prepare_cached("UPDATE alarm SET next_fire = ?3, doc = ?4 WHERE namespace = ?1 AND local = ?2")?;
    update.execute(params![key.namespace.as_str(), key.local, alarm.next_fire.map(Timestamp::millis), doc])?;
    Ok(())
}
