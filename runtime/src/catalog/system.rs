//! The built-in entities of `/whisk.system`: readable by everybody, stored nowhere.

use wask_model::{
    Action, ActionLimits, Annotations, Exec, Failure, FullName, Limits, Package, Parameters, Timestamp, Version,
};

use super::Catalog;
use crate::gate::rights::SYSTEM;

/// The feeds of `/whisk.system/alarms`. Feeds contract §A.1.
pub const ALARM_FEEDS: [&str; 3] = ["alarm", "interval", "once"];

/// What the platform binds to each feed.
fn feed_parameters(feed: &str) -> Parameters {
    match feed {
        "interval" => Parameters::from_iter([("isInterval".to_owned(), true.into())]),
        "once" => Parameters::from_iter([("fireOnce".to_owned(), true.into())]),
        _ => Parameters::default(),
    }
}

/// A package with what it holds.
pub struct PackageView {
    pub package: Package,
    pub actions: Vec<Action>,
}

/// The built-in action of this name.
pub(super) fn action(name: &FullName) -> Option<Action> {
    let package = name.package.as_ref()?;
    if name.namespace.as_str() != SYSTEM || package.as_str() != "alarms" {
        return None;
    }
    let feed = ALARM_FEEDS.into_iter().find(|feed| *feed == name.name.as_str())?;
    let annotations = Annotations::default()
        .with("feed", true)
        .with("description", format!("Fires a trigger by the clock ({feed})"))
        .with("exec", Exec::Builtin.kind().as_str());
    Some(Action {
        name: name.clone(),
        version: Version::FIRST,
        publish: true,
        exec: Exec::Builtin,
        parameters: feed_parameters(feed),
        annotations,
        limits: ActionLimits::defaults(&Limits::default()),
        updated: Timestamp::from_millis(0),
    })
}

impl Catalog {
    /// The built-in package of this name with its feeds.
    pub fn system_package(&self, name: &FullName) -> Result<PackageView, Failure> {
        if name.namespace.as_str() != SYSTEM || name.package.is_some() || name.name.as_str() != "alarms" {
            return Err(Failure::not_found());
        }
        let feeds = ALARM_FEEDS.into_iter().filter_map(|feed| {
            let feed = feed.parse().ok()?;
            action(&FullName::packaged(name.namespace.clone(), name.name.clone(), feed))
        });
        let parameters = Parameters::from_iter([("trigger_payload".to_owned(), "".into())]);
        let package = Package {
            name: name.clone(),
            version: Version::FIRST,
            publish: true,
            parameters,
            annotations: Annotations::default().with("description", "Alarms and periodic triggers"),
            binding: None,
            updated: Timestamp::from_millis(0),
        };
        Ok(PackageView { package, actions: feeds.collect() })
    }
}

impl Catalog {
    /// A package of a namespace, with what it holds.
    pub async fn package(&self, name: &FullName) -> Result<PackageView, Failure> {
        let missing = |failure| match failure {
            Failure::NotFound(_) => Failure::NotFound(wask_model::messages::package_missing(name)),
            other => other,
        };
        let stored = self.get(name, wask_model::Collection::Packages).await.map_err(missing)?;
        let wask_model::Entity::Package(package) = &stored.value else { return Err(super::wrong_collection()) };
        let all = super::Page { skip: 0, limit: u64::MAX };
        let inside = Some(name.name.clone());
        let members = self.list(&name.namespace, wask_model::Collection::Actions, inside, all).await?;
        let actions = members.into_iter().filter_map(|entity| match entity {
            wask_model::Entity::Action(action) => Some(action),
            _ => None,
        });
        Ok(PackageView { package: package.clone(), actions: actions.collect() })
    }
}
