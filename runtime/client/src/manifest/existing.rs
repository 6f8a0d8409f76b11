//! The entities of a manifest that exist on the server.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::wanted::WantedEntity;
use crate::entities::PACKAGE;
use crate::failure::Failure;
use crate::feeds::{self, LifecycleEvent};
use crate::http::Server;
use crate::names::Name;
use crate::parameters::object_of;
use crate::triggers::feed_of;

/// An entity on the server.
#[derive(Clone, Debug)]
pub struct ExistingEntity {
    pub document: Value,
    /// The feed's configuration of a trigger; null if it has no feed or the feed does not answer.
    pub feed: Value,
}

/// Entities by the path of their URL.
#[derive(Clone, Debug, Default)]
pub struct Existing(HashMap<String, ExistingEntity>);

impl Existing {
    pub fn fetch(server: &Server, wanted: &[WantedEntity]) -> Result<Self, Failure> {
        let mut all = HashMap::new();
        for wanted in wanted {
            let document = match server.get(&wanted.path()) {
                Ok(document) => document,
                Err(refusal) if refusal.is_not_found() => continue,
                Err(refusal) => {
                    let unable = format!("Unable to get {} '{}'", wanted.kind.noun().one, wanted.name.short());
                    return Err(refusal.because(unable));
                }
            };
            let feed = feed_of(&document).filter(|_| wanted.feed.is_some());
            let feed = feed.map(|feed| feeds::invoke(server, &feed, LifecycleEvent::Read, &wanted.name, Map::new()));
            let feed = feed.and_then(Result::ok).map(|record| record["response"]["result"]["config"].clone());
            all.insert(wanted.path(), ExistingEntity { document, feed: feed.unwrap_or_default() });
        }
        Ok(Existing(all))
    }

    pub fn of(&self, wanted: &WantedEntity) -> Option<&ExistingEntity> {
        self.0.get(&wanted.path())
    }

    /// The parameters that an action inherits from its package. Its document lists them among its own.
    pub fn lent(&self, wanted: &WantedEntity) -> Map<String, Value> {
        let package = wanted.name.package.as_deref().map(|package| Name::own(package).path(PACKAGE.many));
        let package = package.and_then(|path| self.0.get(&path));
        package.map(|package| object_of(&package.document["parameters"])).unwrap_or_default()
    }
}

#[cfg(test)]
impl FromIterator<(String, ExistingEntity)> for Existing {
    fn from_iter<I: IntoIterator<Item = (String, ExistingEntity)>>(all: I) -> Self {
        Existing(all.into_iter().collect())
    }
}
