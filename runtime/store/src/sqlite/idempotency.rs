//! Idempotency keys: [`IdempotencyStore`]. A row per namespace and door holds how many keys it has, because counting
//! them would take longer than everything else.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use wask_model::{NamespaceName, Timestamp};

use super::SqliteStore;
use super::values;
use crate::{FirstRequest, FirstRequestOutcome, IdempotencyStore, KeyedActivation, StoreError};

#[async_trait]
impl IdempotencyStore for SqliteStore {
    async fn keyed_activation(
        &self,
        namespace: &NamespaceName,
        key: &str,
        since: Timestamp,
    ) -> Result<Option<KeyedActivation>, StoreError> {
        let (owner, key) = (namespace.clone(), key.to_owned());
        let read = move |db: &Connection| Ok(known(db, &owner, &key)?.and_then(|known| known.unless_before(since)));
        self.readers.read_for(namespace, read).await
    }
}

/// What is stored of a key.
struct StoredKey {
    begun: KeyedActivation,
    at: Timestamp,
}

impl StoredKey {
    fn unless_before(self, since: Timestamp) -> Option<KeyedActivation> {
        (since <= self.at).then_some(self.begun)
    }
}

fn known(db: &Connection, namespace: &NamespaceName, key: &str) -> Result<Option<StoredKey>, StoreError> {
    let mut select =
        db.prepare_cached("SELECT activation, digest, begun FROM idempotency_key WHERE namespace = ?1 AND key = ?2")?;
    let found = select.query_row(params![namespace.as_str(), key], |row| {
        let digest = row.get(1)?;
        let read = || {
            Ok(StoredKey {
                begun: KeyedActivation { activation: values::id(row, 0)?, digest },
                at: values::time(row, 2)?,
            })
        };
        Ok(read())
    });
    found.optional()?.transpose()
}

/// Gives the key to the request if it is the first. A key that has expired and is not removed yet is used again.
pub(super) fn begin(db: &Connection, first: &FirstRequest) -> Result<FirstRequestOutcome, StoreError> {
    let FirstRequest { request, activation, at, since, most } = first;
    match known(db, &request.namespace, &request.key)?.map(|known| known.unless_before(*since)) {
        Some(Some(begun)) => return Ok(FirstRequestOutcome::Before(begun)),
        Some(None) => (),
        None => {
            let door = door_of(&request.key);
            let kept = kept(db, &request.namespace, door)?;
            if kept >= *most {
                return Ok(FirstRequestOutcome::Full { kept, most: *most });
            }
            add_to_kept(db, (request.namespace.as_str(), door), 1)?;
        }
    }
    let mut insert = db.prepare_cached(
        "INSERT OR REPLACE INTO idempotency_key (namespace, key, digest, activation, begun) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let activation = activation.to_bytes();
    insert.execute(params![request.namespace.as_str(), request.key, request.digest, activation, at.millis()])?;
    Ok(FirstRequestOutcome::Stored)
}

/// The door that a key belongs to: what stands before its first slash.
fn door_of(key: &str) -> &str {
    key.split_once('/').map_or("", |(door, _)| door)
}

fn kept(db: &Connection, namespace: &NamespaceName, door: &str) -> Result<u64, StoreError> {
    let mut select = db.prepare_cached("SELECT kept FROM idempotency_keys_kept WHERE namespace = ?1 AND door = ?2")?;
    Ok(select.query_row([namespace.as_str(), door], values::count).optional()?.unwrap_or(0))
}

fn add_to_kept(db: &Connection, (namespace, door): (&str, &str), more: i64) -> Result<(), StoreError> {
    let mut add = db.prepare_cached(
        "INSERT INTO idempotency_keys_kept (namespace, door, kept) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET kept = kept + excluded.kept",
    )?;
    add.execute(params![namespace, door, more])?;
    Ok(())
}

pub(super) fn forget(db: &Connection, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let mut delete = db.prepare_cached(
        "DELETE FROM idempotency_key WHERE (namespace, key) IN (
             SELECT namespace, key FROM idempotency_key WHERE begun < ?1 ORDER BY begun LIMIT ?2)
         RETURNING namespace, key",
    )?;
    let mut forgotten: BTreeMap<(String, String), i64> = BTreeMap::new();
    let mut rows = delete.query(params![before.millis(), limit])?;
    while let Some(row) = rows.next()? {
        let key: String = row.get(1)?;
        *forgotten.entry((row.get(0)?, door_of(&key).to_owned())).or_default() += 1;
    }
    for ((namespace, door), keys) in &forgotten {
        add_to_kept(db, (namespace, door), -keys)?;
    }
    db.prepare_cached("DELETE FROM idempotency_keys_kept WHERE kept = 0")?.execute([])?;
    Ok(forgotten.values().sum::<i64>().unsigned_abs())
}
