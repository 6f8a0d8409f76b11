//! How a connection is set up, and the schema brought up to date.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use rusqlite::{Connection, OpenFlags};

use super::{SqliteConfig, rows};
use crate::StoreError;
use crate::failpoint::{Stage, reach};

mod schema {
    refinery::embed_migrations!("migrations/sqlite");
}

/// Statements that each connection keeps prepared; more than there are.
const STATEMENTS: usize = 128;

/// One database file and how it is opened; connections are made from it.
#[derive(Clone, Debug)]
pub(super) struct Database {
    pub path: PathBuf,
    pub config: SqliteConfig,
    pub keeper: Keeper,
}

/// Who makes the file, brings its schema up to date and keeps its log short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeper {
    Us,
    /// A node that may run meanwhile.
    Another,
}

impl Database {
    pub fn new(path: &Path, config: &SqliteConfig, keeper: Keeper) -> Result<Database, StoreError> {
        config.check().map_err(|reason| anyhow!(reason))?;
        Ok(Database { path: path.to_owned(), config: config.clone(), keeper })
    }

    /// The one connection of this process that writes. The keeper makes the file if there is none.
    pub fn writer(&self) -> Result<Connection, StoreError> {
        let db = self.open(match self.keeper {
            Keeper::Us => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Keeper::Another => OpenFlags::SQLITE_OPEN_READ_WRITE,
        })?;
        if self.keeper == Keeper::Us {
            // Free pages can be given back to the disk. It counts only before the first page is written: first of all.
            db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
            db.pragma_update(None, "journal_mode", "WAL")?;
        }
        db.pragma_update(None, "synchronous", "FULL")?; // a commit is on disk when it returns
        db.pragma_update(None, "foreign_keys", true)?;
        let page = db.pragma_query_value(None, "page_size", rows::count)?;
        db.pragma_update(None, "wal_autocheckpoint", sql_number((self.config.wal_bytes / page).max(1)))?;
        db.pragma_update(None, "journal_size_limit", sql_number(self.config.wal_bytes.saturating_mul(2)))?;
        if self.config.max_bytes > 0 {
            let pages = (self.config.max_bytes / page).max(1);
            db.pragma_update_and_check(None, "max_page_count", sql_number(pages), |_| Ok(()))?;
        }
        Ok(db)
    }

    /// A connection that only reads. The file exists.
    pub fn reader(&self) -> Result<Connection, StoreError> {
        let db = self.open(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        db.pragma_update(None, "query_only", true)?;
        Ok(db)
    }

    /// No memory mapping: an unreadable sector is an error then, and not the end of the process.
    fn open(&self, flags: OpenFlags) -> Result<Connection, StoreError> {
        let db = Connection::open_with_flags(&self.path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .with_context(|| format!("open {}", self.path.display()))?;
        db.busy_timeout(Duration::from_millis(self.config.busy_timeout_ms))?;
        db.pragma_update(None, "temp_store", "MEMORY")?;
        db.pragma_update(None, "cache_size", -i64::from(self.config.cache_kib))?;
        db.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(db)
    }
}

/// Brings the schema up to date. The steps, and the note that they were taken, are one transaction: a process that dies
/// on the way leaves the old schema, not half of the new one.
pub(super) fn migrate(db: &mut Connection) -> Result<(), StoreError> {
    db.commit_hook(Some(|| {
        reach(Stage::Migration);
        false // commit
    }))?;
    schema::migrations::runner().set_grouped(true).run(db).context("bring the schema up to date")?;
    db.commit_hook(None::<fn() -> bool>)?;
    Ok(())
}

/// The schema up to and with step `version`, in an empty database.
pub(super) fn migrate_to(db: &mut Connection, version: i32) -> Result<(), StoreError> {
    let steps = schema::migrations::runner().set_target(refinery::Target::Version(version));
    steps.run(db).with_context(|| format!("make a schema of version {version}"))?;
    Ok(())
}

/// Refuses a database that is not of this version of wask, as it is.
pub(super) fn check_schema(db: &Connection) -> Result<(), StoreError> {
    let newest = |versions: Option<i64>| versions.unwrap_or(0);
    let known = schema::migrations::runner().get_migrations().iter().map(|step| i64::from(step.version())).max();
    let found = db
        .query_row("SELECT max(version) FROM refinery_schema_history", [], |row| row.get(0))
        .context("this is no database of wask")?;
    let (known, found) = (newest(known), newest(found));
    match found.cmp(&known) {
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(anyhow!(
            "a newer wask has made this database: its schema is version {found}, this one knows versions up to {known}"
        )
        .into()),
        Ordering::Less => Err(anyhow!(
            "an older wask has made this database: its schema is version {found}, this one needs {known}; start `wask \
             serve` on it first, which brings it up to date"
        )
        .into()),
    }
}

/// SQLite counts in i64.
pub(super) fn sql_number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_before_the_filters_are_found_by_them() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate_to(&mut db, 1).unwrap();
        let cause = "0000016d0000000000000000000000ff";
        db.execute_batch(&format!(
            r#"INSERT INTO activation (namespace, id, start, name, head, response) VALUES
               ('guest', x'01', 1, 'a', '{{"status":2,"cause":"{cause}","annotations":[{{"key":"path","value":"guest/a"}},{{"key":"kind","value":"wasm:1"}}]}}', '{{}}'),
               ('guest', x'02', 2, 't', '{{"status":0,"annotations":[]}}', '{{}}')"#
        ))
        .unwrap();

        migrate(&mut db).unwrap();

        let mut select = db.prepare("SELECT status, kind, lower(hex(cause)) FROM activation ORDER BY start").unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        let rows: Vec<(u8, String, String)> = rows.collect::<Result<_, _>>().unwrap();
        assert_eq!(rows, [(2, "wasm:1".into(), cause.into()), (0, "trigger".into(), String::new())]);
    }

    #[test]
    fn jobs_and_records_of_before_the_shares_have_them_and_are_counted() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate_to(&mut db, 6).unwrap();
        let payload = r#"{"action":{"namespace":"guest","package":"p","name":"a"},"args":{}}"#;
        let fire = r#"{"trigger":{"namespace":"guest","name":"t"},"payload":{}}"#;
        db.execute_batch(&format!(
            "INSERT INTO job (id, lane, namespace, state, attempt, due, payload) VALUES
                 (x'01', 'invoke', 'guest', 'due', 0, 1, '{payload}'), (x'02', 'fire', 'guest', 'due', 0, 1, '{fire}'),
                 (x'03', 'invoke', 'guest', 'dead', 3, 1, '{payload}');
             INSERT INTO activation (namespace, id, start, name, head, response) VALUES ('guest', x'01', 1, 'a', '12', '345')"
        ))
        .unwrap();

        migrate(&mut db).unwrap();

        let mut select = db.prepare("SELECT share, name FROM job ORDER BY id").unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let rows: Vec<(String, String)> = rows.collect::<Result<_, _>>().unwrap();
        let row = |name: &str| ("guest".to_owned(), name.to_owned());
        assert_eq!(rows, [row("guest/p/a"), row("guest/t"), row("guest/p/a")]);
        let mut select = db.prepare("SELECT kind, bytes FROM kept WHERE namespace = 'guest' ORDER BY kind").unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let rows: Vec<(String, i64)> = rows.collect::<Result<_, _>>().unwrap();
        assert_eq!(rows, [("dead letter".to_owned(), payload.len() as i64), ("record".to_owned(), 5)]);
    }
}
