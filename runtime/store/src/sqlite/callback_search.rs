//! Searches a list of callbacks, through the index on the activation that they report or through the index on time.

use rusqlite::types::Value;
use rusqlite::{Connection, ToSql};
use wask_model::{CallbackState, Timestamp};

use super::values::{self, sql_number};
use crate::{CallbackQuery, StoreError};

/// A [`CallbackQuery`] in SQLite's terms.
pub(super) struct CallbackSearch {
    index: &'static str,
    terms: Vec<&'static str>,
    arguments: Vec<(&'static str, Value)>,
}

impl CallbackSearch {
    pub fn new(query: &CallbackQuery) -> CallbackSearch {
        let index = if query.activation.is_some() { "callback_of" } else { "callback_listed" };
        let mut search = CallbackSearch { index, terms: Vec::new(), arguments: Vec::new() };
        search.add("callback.namespace = :namespace", ":namespace", query.namespace.as_str().to_owned());
        search.add("created >= :since", ":since", query.since.map_or(i64::MIN, Timestamp::millis));
        search.add("created <= :upto", ":upto", query.upto.map_or(i64::MAX, Timestamp::millis));
        if let Some(activation) = query.activation {
            search.add("activation = :activation", ":activation", activation.to_bytes().to_vec());
        }
        if let Some(cause) = query.cause {
            search.add("callback.cause = :cause", ":cause", cause.to_bytes().to_vec());
        }
        if let Some(name) = &query.name {
            search.add("callback.name = :name", ":name", name.to_string());
        }
        if let Some(correlation) = &query.correlation_id {
            search.add("correlation = :correlation", ":correlation", correlation.clone());
        }
        match query.state {
            None => (),
            Some(CallbackState::Waiting) => search.terms.push("ended IS NULL AND job.id IS NULL"),
            Some(CallbackState::Pending) => search.terms.push("ended IS NULL AND job.state = 'due'"),
            Some(CallbackState::InFlight) => search.terms.push("ended IS NULL AND job.state = 'leased'"),
            Some(
                over @ (CallbackState::Delivered
                | CallbackState::Failed
                | CallbackState::Blocked
                | CallbackState::Cancelled),
            ) => search.add("ended = :ended", ":ended", over.as_str().to_owned()),
        }
        search.arguments.push((":limit", sql_number(query.limit).into()));
        search.arguments.push((":skip", sql_number(query.skip).into()));
        search
    }

    fn add(&mut self, term: &'static str, name: &'static str, argument: impl Into<Value>) {
        self.terms.push(term);
        self.arguments.push((name, argument.into()));
    }

    /// The ids of the page, in order.
    pub fn ids(&self, db: &Connection) -> Result<Vec<[u8; 16]>, StoreError> {
        let mut select = db.prepare_cached(&format!(
            "SELECT callback.id FROM {} ORDER BY created DESC, callback.id DESC LIMIT :limit OFFSET :skip",
            self.matching()
        ))?;
        let ids = select.query_map(&self.arguments()[..], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    pub fn count(&self, db: &Connection) -> Result<u64, StoreError> {
        // `:limit` and `:skip` occur only because SQLite refuses arguments that a statement does not use.
        let sql = format!("SELECT count(*) FROM {} AND :limit >= 0 AND :skip >= 0", self.matching());
        let mut count = db.prepare_cached(&sql)?;
        Ok(count.query_row(&self.arguments()[..], values::count)?)
    }

    fn matching(&self) -> String {
        format!(
            "callback INDEXED BY {} LEFT JOIN job ON job.id = callback.id WHERE {}",
            self.index,
            self.terms.join(" AND ")
        )
    }

    fn arguments(&self) -> Vec<(&'static str, &dyn ToSql)> {
        self.arguments.iter().map(|(name, value)| (*name, value as &dyn ToSql)).collect()
    }
}
