//! Writes a database as the first version of wask left it, for tests of the migration. No node writes this schema.

use std::path::Path;

use rusqlite::{Connection, params};
use wask_model::{ActivationId, AuthKey, Timestamp};

mod steps {
    refinery::embed_migrations!("../runtime/store/migrations/sqlite");
}

/// Creates the file `path` with the schema of version 1, the namespace `guest` with this key, and its activations
/// `ids`, which all ended with a developer error at `at`.
pub fn write_first_version(path: &Path, key: &AuthKey, ids: &[ActivationId], at: Timestamp) -> anyhow::Result<()> {
    let mut db = Connection::open(path)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    steps::migrations::runner().set_target(refinery::Target::Version(1)).run(&mut db)?;
    let insert = db.transaction()?;
    let identity = format!(r#"{{"subject":"guest","namespace":"guest","uuid":"{}","limits":{{}}}}"#, key.uuid);
    insert.execute(
        "INSERT INTO namespace (name, uuid, doc, created) VALUES ('guest', ?1, ?2, ?3)",
        params![key.uuid, identity, at.millis()],
    )?;
    insert.execute(
        "INSERT INTO namespace_key (namespace, digest, created) VALUES ('guest', ?1, ?2)",
        params![key.digest().as_bytes(), at.millis()],
    )?;
    for id in ids {
        insert.execute(
            "INSERT INTO activation (namespace, id, start, ended, name, head, response) VALUES ('guest', ?1, ?2, ?2, 'old', ?3, ?4)",
            params![id.to_bytes(), at.millis(), HEAD, r#"{"status":"developer error","result":{"error":"old"}}"#],
        )?;
    }
    insert.commit()?;
    Ok(())
}

const HEAD: &str = r#"{"name":"old","version":"0.0.1","subject":"guest","duration_ms":0,"status":2,"annotations":[{"key":"path","value":"guest/old"},{"key":"kind","value":"wasm:1"}]}"#;
