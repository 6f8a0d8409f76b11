//! Packages on the wire. REST contract §2.2, §7.1.

use serde_json::{Value, json};
use wask_model::{Action, Binding, Package};

use super::action;
use crate::catalog::PackageView;

/// The document with what the package holds: actions, and those of them that are feeds.
pub fn document(view: &PackageView) -> Value {
    let package = &view.package;
    let is_feed = |action: &&Action| action.annotations.get("feed").is_some();
    let members = |all: Vec<&Action>| all.into_iter().map(action::member).collect::<Vec<_>>();
    let (feeds, actions): (Vec<&Action>, Vec<&Action>) = view.actions.iter().partition(is_feed);
    json!({
        "namespace": package.name.path(),
        "name": package.name.name,
        "version": package.version,
        "publish": package.publish,
        "parameters": package.parameters,
        "annotations": package.annotations,
        "binding": package.binding.as_ref().map_or_else(|| json!({}), binding),
        "actions": members(actions),
        "feeds": members(feeds),
        "updated": package.updated,
    })
}

pub fn summary(package: &Package) -> Value {
    json!({
        "namespace": package.name.path(),
        "name": package.name.name,
        "version": package.version,
        "publish": package.publish,
        "annotations": package.annotations,
        "binding": package.binding.as_ref().map_or_else(|| json!(false), binding),
        "updated": package.updated,
    })
}

fn binding(binding: &Binding) -> Value {
    json!({ "namespace": binding.package.namespace, "name": binding.package.name })
}
