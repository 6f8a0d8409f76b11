//! Empties a namespace in pieces, table by table.

use rusqlite::{Connection, Row, params};
use wask_model::NamespaceName;

use super::entities::forget_code;
use super::values::sql_number;
use crate::StoreError;

/// The tables with data of namespaces. Entities come first, so that no new work starts; tables of counts come after the
/// tables that they count.
const HELD: [&str; 14] = [
    "entity",
    "entities_kept",
    "api",
    "audit",
    "alarm",
    "alarm_payload",
    "alarm_tick",
    "job",
    "callback",
    "callback_settings",
    "activation",
    COUNTS,
    "idempotency_key",
    "idempotency_keys_kept",
];

/// The table of byte counts.
const COUNTS: &str = "kept";

pub(super) fn is_empty(db: &Connection, namespace: &NamespaceName) -> Result<bool, StoreError> {
    for table in HELD.into_iter().filter(|table| *table != COUNTS) {
        let mut any = db.prepare_cached(&format!("SELECT 1 FROM {table} WHERE namespace = ?1 LIMIT 1"))?;
        if any.exists([namespace.as_str()])? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes up to `limit` rows and returns how many.
pub(super) fn empty(db: &Connection, namespace: &NamespaceName, limit: u32) -> Result<u64, StoreError> {
    let mut removed = 0;
    for table in HELD {
        let left = u64::from(limit) - removed;
        removed += match table {
            "entity" => remove_entities(db, namespace, left)?,
            "alarm_tick" => remove_rows(db, (table, "local, due, origin"), namespace, left)?,
            COUNTS => {
                let all = if left == 0 { 0 } else { u64::MAX }; // what they count is gone, unless more is left
                remove_rows(db, (table, "kind"), namespace, all)?;
                0 // a count is not data
            }
            "entities_kept" => remove_rows(db, (table, "namespace"), namespace, left)?,
            "idempotency_key" => remove_rows(db, (table, "key"), namespace, left)?,
            "idempotency_keys_kept" => remove_rows(db, (table, "door"), namespace, left)?,
            table => remove_rows(db, (table, "rowid"), namespace, left)?,
        };
    }
    Ok(removed)
}

/// Removes entities one by one, because code is removed with the last entity that has it.
fn remove_entities(db: &Connection, namespace: &NamespaceName, limit: u64) -> Result<u64, StoreError> {
    let mut select = db.prepare_cached("SELECT local, code FROM entity WHERE namespace = ?1 LIMIT ?2")?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let found = select.query_map(params![namespace.as_str(), sql_number(limit)], read)?;
    let found = found.collect::<Result<Vec<(String, Option<String>)>, _>>()?;
    let mut delete = db.prepare_cached("DELETE FROM entity WHERE namespace = ?1 AND local = ?2")?;
    let removed = found.len() as u64;
    for (local, code) in found {
        delete.execute([namespace.as_str(), &local])?;
        forget_code(db, code)?;
    }
    Ok(removed)
}

/// `key`: the columns that identify a row within its namespace.
fn remove_rows(
    db: &Connection,
    (table, key): (&str, &str),
    namespace: &NamespaceName,
    limit: u64,
) -> Result<u64, StoreError> {
    let mut delete = db.prepare_cached(&format!(
        "DELETE FROM {table} WHERE namespace = ?1 AND ({key}) IN (
             SELECT {key} FROM {table} WHERE namespace = ?1 LIMIT ?2)"
    ))?;
    Ok(delete.execute(params![namespace.as_str(), sql_number(limit)])? as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema;

    #[test]
    fn every_table_with_things_of_namespaces_is_emptied() {
        let mut db = Connection::open_in_memory().unwrap();
        schema::migrate(&mut db).unwrap();
        let mut select = db
            .prepare(
                "SELECT DISTINCT tables.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
                 WHERE tables.type = 'table' AND columns.name = 'namespace' AND tables.name <> 'namespace_key'",
            )
            .unwrap();
        let names = select.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let (mut names, mut held) = (names.collect::<Result<Vec<_>, _>>().unwrap(), HELD.to_vec());
        names.sort();
        held.sort_unstable();
        assert_eq!(names, held);
    }
}
