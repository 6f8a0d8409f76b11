//! An operator's command next to a node: a second process on the same SQLite file.
#![allow(clippy::unwrap_used)] // all of it is test, its helpers too

use std::path::PathBuf;

use rusqlite::Connection;
use tempfile::TempDir;
use wask_model::{Identity, KeyDigest, LimitOverrides, NamespaceName, Timestamp};
use wask_store::sqlite::{SqliteConfig, SqliteStore};
use wask_store::{IdentityStore as _, NamespaceStore as _, NewNamespace, OutsideChanges as _};

const T0: Timestamp = Timestamp::from_millis(1_900_000_000_000);

fn namespace(name: &str) -> NamespaceName {
    name.parse().unwrap()
}

fn place() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wask.sqlite");
    (dir, path)
}

fn new(name: &str) -> NewNamespace {
    let (subject, namespace, uuid) = (name.to_owned(), namespace(name), format!("uuid-{name}"));
    let identity = Identity { subject, namespace, uuid, limits: LimitOverrides::default(), blocked: false };
    NewNamespace { identity, key: KeyDigest::from_bytes([1; 32]) }
}

/// Why the database cannot be joined.
fn refusal(path: &std::path::Path) -> String {
    match SqliteStore::join(path, &SqliteConfig::default()) {
        Ok(_) => panic!("joined"),
        Err(error) => format!("{:#}", anyhow::Error::from(error)),
    }
}

#[tokio::test]
async fn a_node_notices_the_writes_of_a_command_once() {
    let (_dir, path) = place();
    let node = SqliteStore::open(&path, &SqliteConfig::default()).unwrap();
    assert!(node.changed_outside().await.unwrap());
    assert!(!node.changed_outside().await.unwrap());

    let command = SqliteStore::join(&path, &SqliteConfig::default()).unwrap();
    assert!(!node.changed_outside().await.unwrap(), "it has only come");
    command.create_namespace(new("guest"), T0).await.unwrap();

    assert!(node.changed_outside().await.unwrap());
    assert_eq!(node.namespace(&namespace("guest")).await.unwrap(), Some(new("guest").identity));
    node.create_namespace(new("other"), T0).await.unwrap();
    assert!(!node.changed_outside().await.unwrap(), "its own writes do not count");
    assert!(command.changed_outside().await.unwrap());
    command.close().await;
    assert!(!node.changed_outside().await.unwrap(), "nor that a process leaves");
    assert_eq!(node.integrity_check().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn looking_for_outside_changes_writes_nothing() {
    let (_dir, path) = place();
    let node = SqliteStore::open(&path, &SqliteConfig::default()).unwrap();
    node.create_namespace(new("guest"), T0).await.unwrap();
    let log = path.with_extension("sqlite-wal");
    let before = std::fs::metadata(&log).unwrap().len();
    for _ in 0..20 {
        node.changed_outside().await.unwrap();
    }
    assert_eq!(std::fs::metadata(&log).unwrap().len(), before);
}

#[tokio::test]
async fn only_a_database_of_this_version_is_joined() {
    let (_dir, path) = place();
    assert!(refusal(&path).contains("unable to open database file"), "{}", refusal(&path));
    assert!(!path.exists(), "nothing is made");

    SqliteStore::open(&path, &SqliteConfig::default()).unwrap().close().await;
    let db = Connection::open(&path).unwrap();
    let version: i64 = db.query_row("SELECT max(version) FROM refinery_schema_history", [], |row| row.get(0)).unwrap();
    db.execute("DELETE FROM refinery_schema_history WHERE version < ?1", [version]).unwrap();
    for (found, told) in
        [(version + 1, "a newer wask has made this database"), (0, "an older wask has made this database")]
    {
        db.execute("UPDATE refinery_schema_history SET version = ?1", [found]).unwrap();
        assert!(refusal(&path).contains(told), "{}", refusal(&path));
        assert!(refusal(&path).contains(&format!("version {found}")), "{}", refusal(&path));
    }

    db.execute("DROP TABLE refinery_schema_history", []).unwrap();
    assert!(refusal(&path).contains("this is not a wask database"), "{}", refusal(&path));
    drop(db);
    for length in [0, 40, 40_000] {
        let text = "x".repeat(length);
        std::fs::write(&path, &text).unwrap();
        assert!(refusal(&path).contains("database"), "{}", refusal(&path));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}
