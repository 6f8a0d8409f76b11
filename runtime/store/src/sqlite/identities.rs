//! Namespaces, their keys, and the secrets of the installation.

use anyhow::anyhow;
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use wask_model::{Identity, KeyDigest, NamespaceName, Timestamp};

use super::SqliteStore;
use super::operation::Steps;
use super::rows;
use crate::{IdentityStore, NewNamespace, StoreError};

#[async_trait]
impl IdentityStore for SqliteStore {
    async fn identity(&self, uuid: &str) -> Result<Option<(Identity, Vec<KeyDigest>)>, StoreError> {
        let uuid = uuid.to_owned();
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached(
                "SELECT doc, digest FROM namespace LEFT JOIN namespace_key ON namespace_key.namespace = namespace.name
                 WHERE uuid = ?1",
            )?;
            let mut found = select.query([uuid])?;
            let (mut identity, mut keys) = (None, Vec::new());
            while let Some(row) = found.next()? {
                identity = Some(rows::json(row, 0)?);
                keys.extend(row.get::<_, Option<[u8; 32]>>(1)?.map(KeyDigest::from_bytes));
            }
            Ok(identity.map(|identity| (identity, keys)))
        };
        self.readers.read(read).await
    }

    async fn namespace(&self, name: &NamespaceName) -> Result<Option<Identity>, StoreError> {
        let name = name.clone();
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached("SELECT doc FROM namespace WHERE name = ?1")?;
            let found = select.query_row([name.as_str()], |row| Ok(rows::json(row, 0)));
            found.optional()?.transpose()
        };
        self.readers.read(read).await
    }

    async fn namespaces(&self) -> Result<Vec<Identity>, StoreError> {
        let read = |db: &Connection| {
            let mut select = db.prepare_cached("SELECT doc FROM namespace ORDER BY name")?;
            let mut found = select.query([])?;
            let mut identities = Vec::new();
            while let Some(row) = found.next()? {
                identities.push(rows::json(row, 0)?);
            }
            Ok(identities)
        };
        self.readers.read(read).await
    }

    async fn create_namespace(&self, new: NewNamespace, now: Timestamp) -> Result<(), StoreError> {
        let doc = serde_json::to_string(&new.identity)?;
        let create = move |db: &Connection| {
            let mut insert = db.prepare_cached(
                "INSERT INTO namespace (name, uuid, doc, created) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            )?;
            let name = &new.identity.namespace;
            if insert.execute(params![name.as_str(), new.identity.uuid, doc, now.millis()])? == 0 {
                return Err(StoreError::Conflict);
            }
            insert_key(db, name, &new.key, now)
        };
        self.writer.write(Steps::Several, create).await
    }

    async fn set_key(&self, namespace: &NamespaceName, key: KeyDigest, now: Timestamp) -> Result<(), StoreError> {
        let namespace = namespace.clone();
        let set = move |db: &Connection| {
            let mut exists = db.prepare_cached("SELECT 1 FROM namespace WHERE name = ?1")?;
            if !exists.exists([namespace.as_str()])? {
                return Err(anyhow!("there is no namespace {namespace}").into());
            }
            db.prepare_cached("DELETE FROM namespace_key WHERE namespace = ?1")?.execute([namespace.as_str()])?;
            insert_key(db, &namespace, &key, now)
        };
        self.writer.write(Steps::Several, set).await
    }

    async fn secret(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], StoreError> {
        let name = name.to_owned();
        let secret = move |db: &Connection| {
            db.prepare_cached("INSERT INTO secret (name, bytes) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
                .execute(params![name, fresh])?;
            let mut select = db.prepare_cached("SELECT bytes FROM secret WHERE name = ?1")?;
            Ok(select.query_row([&name], |row| row.get(0))?)
        };
        self.writer.write(Steps::One, secret).await
    }
}

fn insert_key(db: &Connection, namespace: &NamespaceName, key: &KeyDigest, now: Timestamp) -> Result<(), StoreError> {
    let mut insert = db.prepare_cached("INSERT INTO namespace_key (namespace, digest, created) VALUES (?1, ?2, ?3)")?;
    insert.execute(params![namespace.as_str(), key.as_bytes(), now.millis()])?;
    Ok(())
}
