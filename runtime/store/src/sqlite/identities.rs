//! Namespaces, their keys, and the secrets of the installation: [`IdentityStore`], [`NamespaceStore`], [`SecretStore`].

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use wask_model::{Identity, KeyDigest, NamespaceName, Timestamp};

use super::SqliteStore;
use super::operation::Steps;
use super::{emptying, values};
use crate::{IdentityStore, NamespaceStore, NewNamespace, SecretStore, StoreError};

#[async_trait]
impl IdentityStore for SqliteStore {
    async fn identity(&self, uuid: &str) -> Result<Option<(Identity, Vec<KeyDigest>)>, StoreError> {
        let uuid = uuid.to_owned();
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached(
                "SELECT doc, digest FROM namespace LEFT JOIN namespace_key ON namespace_key.namespace = namespace.name
                 WHERE uuid = ?1 ORDER BY namespace_key.created DESC, digest",
            )?;
            let mut found = select.query([uuid])?;
            let (mut identity, mut keys) = (None, Vec::new());
            while let Some(row) = found.next()? {
                identity = Some(values::json(row, 0)?);
                keys.extend(row.get::<_, Option<[u8; 32]>>(1)?.map(KeyDigest::from_bytes));
            }
            Ok(identity.map(|identity| (identity, keys)))
        };
        self.readers.read_for_strangers(read).await
    }

    async fn namespace(&self, name: &NamespaceName) -> Result<Option<Identity>, StoreError> {
        let name = name.clone();
        self.readers.read(move |db| stored(db, &name)).await
    }
}

#[async_trait]
impl NamespaceStore for SqliteStore {
    async fn namespaces(&self) -> Result<Vec<Identity>, StoreError> {
        let read = |db: &Connection| {
            let mut select = db.prepare_cached("SELECT doc FROM namespace ORDER BY name")?;
            let mut found = select.query([])?;
            let mut identities = Vec::new();
            while let Some(row) = found.next()? {
                identities.push(values::json(row, 0)?);
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

    async fn replace_namespace(&self, was: &Identity, becomes: Identity) -> Result<bool, StoreError> {
        let (was, doc) = (was.clone(), serde_json::to_string(&becomes)?);
        let replace = move |db: &Connection| {
            // Compared as values, because JSON can spell a value in more than one way.
            let unchanged = stored(db, &was.namespace)?.is_some_and(|identity| identity == was);
            if unchanged {
                let mut update = db.prepare_cached("UPDATE namespace SET doc = ?2 WHERE name = ?1")?;
                update.execute(params![was.namespace.as_str(), doc])?;
            }
            Ok(unchanged)
        };
        self.writer.write(Steps::One, replace).await
    }

    async fn add_key(
        &self,
        namespace: &NamespaceName,
        key: KeyDigest,
        valid: u32,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let namespace = namespace.clone();
        let add = move |db: &Connection| {
            if stored(db, &namespace)?.is_none() {
                return Ok(false);
            }
            let mut retire = db.prepare_cached(
                "DELETE FROM namespace_key WHERE namespace = ?1 AND (digest = ?2 OR digest NOT IN (
                     SELECT digest FROM namespace_key WHERE namespace = ?1 AND digest <> ?2
                     ORDER BY created DESC LIMIT ?3))",
            )?;
            retire.execute(params![namespace.as_str(), key.as_bytes(), valid.saturating_sub(1)])?;
            insert_key(db, &namespace, &key, now)?;
            Ok(true)
        };
        self.writer.write(Steps::Several, add).await
    }

    async fn empty_namespace(&self, namespace: &NamespaceName, limit: u32) -> Result<u64, StoreError> {
        let namespace = namespace.clone();
        self.writer.write(Steps::Several, move |db| emptying::empty(db, &namespace, limit)).await
    }

    async fn delete_namespace(&self, namespace: &NamespaceName) -> Result<bool, StoreError> {
        let namespace = namespace.clone();
        let delete = move |db: &Connection| {
            if !emptying::is_empty(db, &namespace)? {
                return Err(StoreError::Conflict);
            }
            db.prepare_cached("DELETE FROM namespace_key WHERE namespace = ?1")?.execute([namespace.as_str()])?;
            let mut delete = db.prepare_cached("DELETE FROM namespace WHERE name = ?1")?;
            Ok(delete.execute([namespace.as_str()])? > 0)
        };
        self.writer.write(Steps::Several, delete).await
    }
}

#[async_trait]
impl SecretStore for SqliteStore {
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

fn stored(db: &Connection, name: &NamespaceName) -> Result<Option<Identity>, StoreError> {
    let mut select = db.prepare_cached("SELECT doc FROM namespace WHERE name = ?1")?;
    let found = select.query_row([name.as_str()], |row| Ok(values::json(row, 0)));
    found.optional()?.transpose()
}

/// Stores a key as the newest one, even if the clock was set back since the last.
fn insert_key(db: &Connection, namespace: &NamespaceName, key: &KeyDigest, now: Timestamp) -> Result<(), StoreError> {
    let mut insert = db.prepare_cached(
        "INSERT INTO namespace_key (namespace, digest, created)
         SELECT ?1, ?2, max(?3, coalesce(max(created) + 1, ?3)) FROM namespace_key WHERE namespace = ?1",
    )?;
    insert.execute(params![namespace.as_str(), key.as_bytes(), now.millis()])?;
    Ok(())
}
