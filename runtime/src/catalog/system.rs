//! The built-in entities of `/whisk.system`. Every identity may read them; they are not stored.

use wask_model::annotations::keys;
use wask_model::{
    Action, ActionLimits, Annotations, Collection, Entity, Exec, Failure, FullName, Limits, Package, Parameters,
    Timestamp, Version,
};

use wask_store::{EntitySummary, ListPage};

use super::{Page, Selection};
use crate::gate::rights::SYSTEM;

/// The feeds of `/whisk.system/alarms`. feeds.md §A.1.
pub const ALARM_FEEDS: [&str; 3] = ["alarm", "interval", "once"];

/// The actions of `/whisk.system/utils`.
pub const UTILS: [&str; 2] = ["echo", "sort"];

/// The built-in entity of this name.
pub(super) fn entity(name: &FullName) -> Option<Entity> {
    if name.namespace.as_str() != SYSTEM {
        return None;
    }
    match &name.package {
        None => package(name).map(Entity::Package),
        Some(package) => action(package.as_str(), name).map(Entity::Action),
    }
}

/// One page of the built-in entities, in the store's order: they have the same age, so by name.
pub(super) fn list(selection: &Selection, page: Page) -> Result<ListPage<EntitySummary>, Failure> {
    let selected = all(selection).into_iter().skip(page.skip as usize);
    let read = |entity: Entity| EntitySummary::read(&serde_json::to_string(&entity)?);
    let items = selected.take(usize::try_from(page.limit).unwrap_or(usize::MAX)).map(read);
    let items = items.collect::<Result<_, _>>().map_err(|cause| Failure::Internal(cause.into()))?;
    Ok(ListPage { items, is_cut: false, bytes: 0 })
}

pub(super) fn count(selection: &Selection) -> u64 {
    all(selection).len() as u64
}

fn all(selection: &Selection) -> Vec<Entity> {
    let alarms = ALARM_FEEDS.map(|feed| format!("alarms/{feed}"));
    let utils = UTILS.map(|action| format!("utils/{action}"));
    let names = ["alarms", "utils"].map(str::to_owned).into_iter().chain(alarms).chain(utils);
    let full = names.filter_map(|name| FullName::qualified(&format!("{SYSTEM}/{name}"), &selection.namespace).ok());
    let entities = full.filter_map(|name| entity(&name));
    entities
        .filter(|entity| entity.collection() == selection.collection)
        .filter(|entity| selection.package.is_none() || entity.name().package == selection.package)
        .collect()
}

fn package(name: &FullName) -> Option<Package> {
    let (description, parameters) = match name.name.as_str() {
        "alarms" => {
            let payload = ("trigger_payload".to_owned(), "".into());
            ("Alarms and periodic triggers", Parameters::from_iter([payload]))
        }
        "utils" => ("Building blocks that need no code", Parameters::default()),
        _ => return None,
    };
    Some(Package {
        name: name.clone(),
        version: Version::FIRST,
        publish: true,
        parameters,
        annotations: Annotations::default().with(keys::DESCRIPTION, description),
        binding: None,
        updated: Timestamp::from_millis(0),
    })
}

fn action(package: &str, name: &FullName) -> Option<Action> {
    let description = match (package, name.name.as_str()) {
        ("alarms", feed) if ALARM_FEEDS.contains(&feed) => format!("Fires a trigger by the clock ({feed})"),
        ("utils", "echo") => "Returns its arguments".to_owned(),
        ("utils", "sort") => "Sorts the texts in `lines`".to_owned(),
        _ => return None,
    };
    let mut annotations =
        Annotations::default().with(keys::DESCRIPTION, description).with(keys::EXEC, Exec::Builtin.kind().as_str());
    if package == "alarms" {
        annotations.set(keys::FEED, true);
    }
    Some(Action {
        name: name.clone(),
        version: Version::FIRST,
        publish: true,
        exec: Exec::Builtin,
        parameters: parameters(name.name.as_str()),
        annotations,
        limits: ActionLimits::defaults(&Limits::default()),
        updated: Timestamp::from_millis(0),
    })
}

/// The parameters that the platform binds to each feed.
fn parameters(action: &str) -> Parameters {
    match action {
        "interval" => Parameters::from_iter([("isInterval".to_owned(), true.into())]),
        "once" => Parameters::from_iter([("fireOnce".to_owned(), true.into())]),
        _ => Parameters::default(),
    }
}

/// Whether a selection is about built-in entities.
pub(super) fn is_built_in(selection: &Selection) -> bool {
    selection.namespace.as_str() == SYSTEM && matches!(selection.collection, Collection::Packages | Collection::Actions)
}
