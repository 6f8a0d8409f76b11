//! Converts between the JSON documents of the contract and the model.

pub mod action;
pub mod activation;
pub mod package;
mod reference;
pub mod rule;
pub mod trigger;

use serde_json::Value;
use wask_model::Entity;

/// The summary that a list shows of an entity. rest.md §2.2.
pub fn summary(entity: &Entity) -> Value {
    match entity {
        Entity::Action(action) => action::summary(action),
        Entity::Trigger(trigger) => trigger::summary(trigger),
        Entity::Rule(rule) => rule::summary(rule),
        Entity::Package(package) => package::summary(package),
    }
}
