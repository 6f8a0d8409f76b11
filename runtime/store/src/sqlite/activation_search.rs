//! Searches a list of records: chooses the index and the conditions.
//!
//! Each index holds every column that records are searched by, in the order of lists. The table itself is read only for
//! the records of the page.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, ToSql};
use wask_model::{Status, StatusFilter, Timestamp};

use super::values::{self, sql_number};
use crate::{ActivationQuery, StoreError};

/// An [`ActivationQuery`] in SQLite's terms.
pub(super) struct ActivationSearch {
    index: &'static str,
    /// Conditions that hold for every listed record.
    terms: Vec<&'static str>,
    arguments: Vec<(&'static str, Value)>,
    limit: i64,
    skip: i64,
}

impl ActivationSearch {
    pub fn new(query: &ActivationQuery) -> ActivationSearch {
        let mut search = ActivationSearch {
            index: index_for(query),
            terms: Vec::new(),
            arguments: Vec::new(),
            limit: sql_number(query.limit),
            skip: sql_number(query.skip),
        };
        search.add("namespace = :namespace", ":namespace", query.namespace.as_str().to_owned());
        search.add_times(query);
        if let Some(cause) = query.cause {
            search.add("cause = :cause", ":cause", cause.to_bytes().to_vec());
        }
        if let Some(name) = &query.name {
            search.add("name = :name", ":name", name.clone());
        }
        if let Some(text) = &query.contains {
            // Names are ASCII, and SQLite's `lower` changes only ASCII letters.
            search.add("instr(lower(name), :contains) > 0", ":contains", text.to_ascii_lowercase());
        }
        if let Some(kind) = &query.kind {
            search.add("kind = :kind", ":kind", kind.clone());
        }
        if is_failure(query.status) {
            search.terms.push("status <> 0"); // as in the condition of the index, so that SQLite uses it
        }
        if let Some(StatusFilter::Is(status)) = query.status {
            search.add("status = :status", ":status", i64::from(status.code()));
        }
        search
    }

    /// Adds one range of `start`, which the index follows. Only within the millisecond of `after` does the id decide
    /// too.
    fn add_times(&mut self, query: &ActivationQuery) {
        let latest = query.upto.map_or(i64::MAX, Timestamp::millis);
        let latest = query.after.map_or(latest, |after| latest.min(after.start.millis()));
        self.add("start <= :upto", ":upto", latest);
        self.add("start >= :since", ":since", query.since.map_or(i64::MIN, Timestamp::millis));
        if let Some(after) = query.after {
            self.add("(start < :start OR id < :id)", ":start", after.start.millis());
            self.arguments.push((":id", after.id.to_bytes().to_vec().into()));
        }
    }

    fn add(&mut self, term: &'static str, name: &'static str, argument: impl Into<Value>) {
        self.terms.push(term);
        self.arguments.push((name, argument.into()));
    }

    /// The ids of the page, in order.
    pub fn ids(&self, db: &Connection) -> Result<Vec<[u8; 16]>, StoreError> {
        let mut select = db.prepare_cached(&format!(
            "SELECT id FROM {} ORDER BY start DESC, id DESC LIMIT :limit OFFSET :skip",
            self.matching()
        ))?;
        let mut arguments = self.arguments();
        arguments.extend([(":limit", &self.limit as &dyn ToSql), (":skip", &self.skip)]);
        let ids = select.query_map(&arguments[..], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// Reads the rows of the page, in any order: the caller sorts them, which is cheaper than sorting whole rows here.
    pub fn page<T>(
        &self,
        db: &Connection,
        columns: &str,
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut select = db.prepare_cached(&format!(
            "SELECT {columns} FROM activation WHERE namespace = :namespace AND id IN (
                 SELECT id FROM {} ORDER BY start DESC, id DESC LIMIT :limit OFFSET :skip)",
            self.matching()
        ))?;
        let mut arguments = self.arguments();
        arguments.extend([(":limit", &self.limit as &dyn ToSql), (":skip", &self.skip)]);
        let mut rows = select.query(&arguments[..])?;
        let mut page = Vec::new();
        while let Some(row) = rows.next()? {
            page.push(read(row)?);
        }
        Ok(page)
    }

    pub fn count(&self, db: &Connection) -> Result<u64, StoreError> {
        let mut count = db.prepare_cached(&format!("SELECT count(*) FROM {}", self.matching()))?;
        Ok(count.query_row(&self.arguments()[..], values::count)?)
    }

    fn matching(&self) -> String {
        format!("activation INDEXED BY {} WHERE {}", self.index, self.terms.join(" AND "))
    }

    fn arguments(&self) -> Vec<(&'static str, &dyn ToSql)> {
        self.arguments.iter().map(|(name, value)| (*name, value as &dyn ToSql)).collect()
    }
}

/// Picks the index of the filter that leaves the fewest records: a firing leads to few activations, and most actions
/// seldom fail.
fn index_for(query: &ActivationQuery) -> &'static str {
    match () {
        () if query.cause.is_some() => "activation_caused",
        () if query.name.is_some() => "activation_named",
        () if is_failure(query.status) => "activation_failed",
        () => "activation_listed",
    }
}

fn is_failure(status: Option<StatusFilter>) -> bool {
    status.is_some_and(|wanted| wanted != StatusFilter::Is(Status::Success))
}

#[cfg(test)]
mod tests {
    use wask_model::ActivationId;

    use super::*;
    use crate::ListPosition;

    fn plan(query: &ActivationQuery) -> Vec<String> {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::schema::migrate(&mut db).unwrap();
        let search = ActivationSearch::new(query);
        let select = format!("SELECT id FROM {} ORDER BY start DESC, id DESC", search.matching());
        let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {select}")).unwrap();
        let steps = explain.query_map(&search.arguments()[..], |row| row.get(3)).unwrap();
        steps.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn every_search_is_one_range_of_one_index_that_covers_it_and_sorts_nothing() {
        let id = ActivationId::from_bytes([1; 16]);
        let after = Some(ListPosition { start: Timestamp::from_millis(0), id });
        let all = ActivationQuery { after, ..ActivationQuery::new("guest".parse().unwrap(), 10) };
        let failed = ActivationQuery { status: Some(StatusFilter::Failed), ..all.clone() };
        let named = ActivationQuery { name: Some("a".into()), ..failed.clone() };
        let caused = ActivationQuery { cause: Some(id), ..named.clone() };
        let texts = ActivationQuery { contains: Some("a".into()), kind: Some("wasm:1".into()), ..all.clone() };
        let successful = ActivationQuery { status: Some(StatusFilter::Is(Status::Success)), ..all.clone() };
        let refused = ActivationQuery { status: Some(StatusFilter::Is(Status::ApplicationError)), ..all.clone() };
        let listed = "activation_listed (namespace=? AND start>? AND start<?)";
        for (query, index) in [
            (all, listed),
            (texts, listed),
            (successful, listed),
            (failed, "activation_failed (namespace=? AND start>? AND start<?)"),
            (refused, "activation_failed (namespace=? AND start>? AND start<?)"),
            (named, "activation_named (namespace=? AND name=? AND start>? AND start<?)"),
            (caused, "activation_caused (namespace=? AND cause=? AND start>? AND start<?)"),
        ] {
            assert_eq!(plan(&query), [format!("SEARCH activation USING COVERING INDEX {index}")]);
        }
    }
}
