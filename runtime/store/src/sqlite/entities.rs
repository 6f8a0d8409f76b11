//! Actions, triggers, rules and packages, and the code of actions: [`EntityStore`].

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use wask_model::{AuditRecord, Entity, FullName, NamespaceName};

use super::SqliteStore;
use super::audit::AuditRow;
use super::operation::Steps;
use super::pages::{self, Weight};
use super::values::{self, Key, sql_number};
use crate::{
    Change, EntityQuery, EntityQuota, EntityStore, EntitySummary, ListPage, Revision, StoreError, StoredEntity,
};

/// What a list shows of an entity besides its annotations, about.
const HEAD_BYTES: usize = 500;

const PARAMETERS: &str = "parameters";

const MATCHES: &str = "FROM entity WHERE namespace = ?1 AND collection = ?2
     AND (?3 IS NULL OR package = ?3) AND (NOT ?4 OR shared)";

#[async_trait]
impl EntityStore for SqliteStore {
    async fn entity(&self, name: &FullName) -> Result<Option<StoredEntity<Entity>>, StoreError> {
        let key = Key::from(name);
        let read = move |db: &Connection| {
            let mut select =
                db.prepare_cached("SELECT revision, doc, parameters FROM entity WHERE namespace = ?1 AND local = ?2")?;
            let found = select.query_row(params![key.namespace.as_str(), key.local], |row| {
                let revision = Revision(row.get(0)?);
                Ok(EntityText::whole(row).map(|value| StoredEntity { revision, value }))
            });
            found.optional()?.transpose()
        };
        self.readers.read_for(&name.namespace, read).await
    }

    async fn entity_summaries(&self, query: &EntityQuery) -> Result<ListPage<EntitySummary>, StoreError> {
        let query = query.clone();
        let namespace = query.namespace.clone();
        let read = move |db: &Connection| {
            let keys = keys_of_page(db, &query)?;
            pages::page(keys, query.bytes, |local| summary(db, &query.namespace, &local))
        };
        self.readers.read_for(&namespace, read).await
    }

    async fn count_entities(&self, query: &EntityQuery) -> Result<u64, StoreError> {
        let (namespace, query) = (query.namespace.clone(), query.clone());
        let read = move |db: &Connection| {
            let mut count = db.prepare_cached(&format!("SELECT count(*) {MATCHES}"))?;
            let EntityQuery { namespace, collection, package, shared_only, .. } = &query;
            let package = package.as_ref().map(|name| name.as_str());
            let values = params![namespace.as_str(), collection.as_str(), package, shared_only];
            Ok(count.query_row(values, values::count)?)
        };
        self.readers.read_for(&namespace, read).await
    }

    async fn apply_within(
        &self,
        quota: EntityQuota,
        changes: Vec<Change>,
        audit: Vec<AuditRecord>,
    ) -> Result<Vec<Revision>, StoreError> {
        let growing = changes.iter().find(|change| matches!(change, Change::Put { .. }));
        let growing = growing.map(|change| change.name().namespace.clone());
        let steps = changes.into_iter().map(BoundChange::new).collect::<Result<Vec<_>, _>>()?;
        let audit = audit.iter().map(AuditRow::new).collect::<Result<Vec<_>, _>>()?;
        let apply = move |db: &Connection| {
            let mut revisions = Vec::new();
            let held = |db| growing.as_ref().map(|namespace| kept(db, namespace)).transpose();
            let before = held(db)?;
            for step in &steps {
                revisions.extend(step.apply(db)?);
            }
            if let (Some(before), Some(after)) = (before, held(db)?) {
                check_quota(quota, before, after)?;
            }
            audit.iter().try_for_each(|record| record.insert(db))?;
            Ok(revisions)
        };
        self.writer.write(Steps::Several, apply).await
    }

    async fn code(&self, reader: &NamespaceName, digest: &str) -> Result<Option<String>, StoreError> {
        let digest = digest.to_owned();
        let read = move |db: &Connection| {
            let mut select = db.prepare_cached("SELECT text FROM code WHERE digest = ?1")?;
            Ok(select.query_row([digest], |row| row.get(0)).optional()?)
        };
        self.readers.read_for(reader, read).await
    }
}

/// The keys of a page, in order.
fn keys_of_page(db: &Connection, query: &EntityQuery) -> Result<Vec<String>, StoreError> {
    let sql = format!("SELECT local {MATCHES} ORDER BY updated DESC, local LIMIT ?5 OFFSET ?6");
    let mut select = db.prepare_cached(&sql)?;
    let EntityQuery { namespace, collection, package, shared_only, skip, limit, .. } = query;
    let package = package.as_ref().map(|name| name.as_str());
    let (limit, skip) = (sql_number(*limit), sql_number(*skip));
    let values = params![namespace.as_str(), collection.as_str(), package, shared_only, limit, skip];
    let found = select.query_map(values, |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// What a list shows of one entity, and its bytes.
fn summary(
    db: &Connection,
    namespace: &NamespaceName,
    local: &str,
) -> Result<Option<(EntitySummary, Weight)>, StoreError> {
    let mut select = db.prepare_cached("SELECT doc FROM entity WHERE namespace = ?1 AND local = ?2")?;
    let found = select.query_row([namespace.as_str(), local], |row| {
        let text = row.get_ref(0)?.as_str()?;
        Ok(EntitySummary::read(text).map(|entity| {
            let shown = entity.annotations.get().len() + HEAD_BYTES;
            (entity, Weight::of(shown))
        }))
    });
    Ok(found.optional()?.transpose()?)
}

/// An entity as it is stored: what lists show of it, and apart from that its parameters.
struct EntityText {
    doc: String,
    parameters: Option<String>,
}

impl EntityText {
    /// Leaves the entity without its parameters.
    fn take(entity: &mut Entity) -> Result<EntityText, StoreError> {
        let parameters = Some(entity.take_parameters()).filter(|all| !all.is_empty());
        let parameters = parameters.map(|all| serde_json::to_string(&all)).transpose()?;
        Ok(EntityText { doc: serde_json::to_string(entity)?, parameters })
    }

    /// Reads the columns 1 and 2, `doc` and `parameters`.
    fn whole(row: &Row<'_>) -> Result<Entity, StoreError> {
        let (doc, parameters) =
            (values::text(row, 1)?, row.get_ref(2)?.as_str_or_null().map_err(rusqlite::Error::from)?);
        match (parameters, doc.strip_prefix('{')) {
            (Some(parameters), Some(rest)) => {
                Ok(serde_json::from_str(&format!(r#"{{"{PARAMETERS}":{parameters},{rest}"#))?)
            }
            _ => Ok(serde_json::from_str(doc)?),
        }
    }
}

/// A [`Change`], already serialized to spare the writer thread.
enum BoundChange {
    Put { key: Key, entity: Box<Entity>, text: EntityText, based_on: Option<Revision>, code: Option<String> },
    Delete { key: Key, based_on: Revision },
}

impl BoundChange {
    fn new(change: Change) -> Result<BoundChange, StoreError> {
        match change {
            Change::Put { mut entity, based_on, code } => {
                let (key, text) = (Key::from(entity.name()), EntityText::take(&mut entity)?);
                Ok(BoundChange::Put { key, entity: Box::new(entity), text, based_on, code })
            }
            Change::Delete { name, based_on } => Ok(BoundChange::Delete { key: Key::from(&name), based_on }),
        }
    }

    /// Returns the new revision of an entity that was put.
    fn apply(&self, db: &Connection) -> Result<Option<Revision>, StoreError> {
        match self {
            BoundChange::Put { key, entity, text, based_on: None, code } => {
                check_package(db, entity.name())?;
                store_code(db, entity, code.as_deref())?;
                insert(db, key, entity, text).map(Some)
            }
            BoundChange::Put { key, entity, text, based_on: Some(revision), code } => {
                let replaced = code_of(db, key, *revision)?;
                store_code(db, entity, code.as_deref())?;
                let updated = update(db, (key, *revision), entity, text)?;
                forget_code(db, replaced)?;
                Ok(Some(updated))
            }
            BoundChange::Delete { key, based_on } => {
                let released = code_of(db, key, *based_on)?;
                let mut delete = db.prepare_cached("DELETE FROM entity WHERE namespace = ?1 AND local = ?2")?;
                delete.execute(params![key.namespace.as_str(), key.local])?;
                check_empty(db, key)?;
                forget_code(db, released)?;
                Ok(None)
            }
        }
    }
}

/// What a namespace has of entities; triggers of the schema keep count.
fn kept(db: &Connection, namespace: &NamespaceName) -> Result<EntityQuota, StoreError> {
    let mut select = db.prepare_cached("SELECT entities, bytes FROM entities_kept WHERE namespace = ?1")?;
    let count = |row: &Row<'_>, column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    let read = |row: &Row<'_>| Ok(EntityQuota { entities: count(row, 0)?, bytes: count(row, 1)? });
    Ok(select.query_row([namespace.as_str()], read).optional()?.unwrap_or(EntityQuota { entities: 0, bytes: 0 }))
}

/// A namespace that is over its quota may still change what does not grow.
fn check_quota(quota: EntityQuota, before: EntityQuota, after: EntityQuota) -> Result<(), StoreError> {
    for (limit, allowed, before, asked) in [
        ("entities", quota.entities, before.entities, after.entities),
        ("entities_bytes", quota.bytes, before.bytes, after.bytes),
    ] {
        if asked > allowed && asked > before {
            return Err(StoreError::OverQuota { limit, allowed, asked });
        }
    }
    Ok(())
}

fn insert(db: &Connection, key: &Key, entity: &Entity, text: &EntityText) -> Result<Revision, StoreError> {
    let revision = next_revision(db)?;
    let mut insert = db.prepare_cached(
        "INSERT INTO entity (namespace, local, collection, package, shared, updated, revision, code, doc, parameters,
                             bytes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, octet_length(?9) + coalesce(octet_length(?10), 0)
             + coalesce((SELECT octet_length(text) FROM code WHERE digest = ?8), 0)) ON CONFLICT DO NOTHING",
    )?;
    let written = insert.execute(params![
        key.namespace.as_str(),
        key.local,
        entity.collection().as_str(),
        entity.name().package.as_ref().map(|package| package.as_str()),
        entity.is_shared(),
        entity.updated().millis(),
        revision.0,
        entity.code_digest(),
        text.doc,
        text.parameters,
    ])?;
    if written == 0 { Err(StoreError::Conflict) } else { Ok(revision) }
}

fn update(
    db: &Connection,
    (key, based_on): (&Key, Revision),
    entity: &Entity,
    text: &EntityText,
) -> Result<Revision, StoreError> {
    let revision = next_revision(db)?;
    let mut update = db.prepare_cached(
        "UPDATE entity SET collection = ?4, shared = ?5, updated = ?6, revision = ?7, code = ?8, doc = ?9,
             parameters = ?10, bytes = octet_length(?9) + coalesce(octet_length(?10), 0)
                 + coalesce((SELECT octet_length(text) FROM code WHERE digest = ?8), 0)
         WHERE namespace = ?1 AND local = ?2 AND revision = ?3",
    )?;
    let written = update.execute(params![
        key.namespace.as_str(),
        key.local,
        based_on.0,
        entity.collection().as_str(),
        entity.is_shared(),
        entity.updated().millis(),
        revision.0,
        entity.code_digest(),
        text.doc,
        text.parameters,
    ])?;
    if written == 0 { Err(StoreError::Conflict) } else { Ok(revision) }
}

/// `Conflict`: the package in the name does not exist or is not a package.
fn check_package(db: &Connection, name: &FullName) -> Result<(), StoreError> {
    let Some(package) = &name.package else { return Ok(()) };
    let mut select = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM entity WHERE namespace = ?1 AND local = ?2 AND collection = 'packages')",
    )?;
    let there: bool = select.query_row([name.namespace.as_str(), package.as_str()], |row| row.get(0))?;
    if there { Ok(()) } else { Err(StoreError::Conflict) }
}

/// `Conflict`: the package of this name is not empty. `0` is the character after `/`, so the primary key finds
/// `package/…`.
fn check_empty(db: &Connection, key: &Key) -> Result<(), StoreError> {
    let mut select = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM entity WHERE namespace = ?1 AND local > ?2 || '/' AND local < ?2 || '0')",
    )?;
    let left: bool = select.query_row([key.namespace.as_str(), key.local.as_str()], |row| row.get(0))?;
    if left { Err(StoreError::Conflict) } else { Ok(()) }
}

fn next_revision(db: &Connection) -> Result<Revision, StoreError> {
    let mut next = db.prepare_cached("UPDATE revision SET last = last + 1 RETURNING last")?;
    Ok(Revision(next.query_row([], |row| row.get(0))?))
}

/// The digest of the entity's code. `Conflict`: the entity is not at this revision.
fn code_of(db: &Connection, key: &Key, based_on: Revision) -> Result<Option<String>, StoreError> {
    let mut select =
        db.prepare_cached("SELECT code FROM entity WHERE namespace = ?1 AND local = ?2 AND revision = ?3")?;
    let found = select.query_row(params![key.namespace.as_str(), key.local, based_on.0], |row| row.get(0));
    found.optional()?.ok_or(StoreError::Conflict)
}

/// Stores code; equal texts are stored once. Must run before the entity that refers to it is written.
fn store_code(db: &Connection, entity: &Entity, text: Option<&str>) -> Result<(), StoreError> {
    let (Some(digest), Some(text)) = (entity.code_digest(), text) else { return Ok(()) };
    let mut insert = db.prepare_cached("INSERT INTO code (digest, text) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
    insert.execute([digest, text])?;
    Ok(())
}

/// Removes code that no entity refers to any more.
pub(super) fn forget_code(db: &Connection, digest: Option<String>) -> Result<(), StoreError> {
    let Some(digest) = digest else { return Ok(()) };
    let mut delete =
        db.prepare_cached("DELETE FROM code WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM entity WHERE code = ?1)")?;
    delete.execute([digest])?;
    Ok(())
}
