//! Triggers, rules, packages and bindings. rest.md §6, §7.

use super::quoted;
use crate::{FullName, Message};

// Triggers and rules, rest.md §6

/// The annotation `feed` of a new trigger is not a path.
pub const FEED_NAME_INVALID: &str = "Feed name is not valid";
/// A new rule lacks its trigger or its action.
pub const RULE_INCOMPLETE: &str = "rule requires a valid trigger and a valid action";
/// A rule can only become active or inactive.
pub const RULE_STATUS: &str = "status must be 'active' or 'inactive'";
/// The rule's trigger was deleted.
pub const RULE_WITHOUT_TRIGGER: &str = "Only rules with existing triggers can be activated";

/// A rule names a trigger that does not exist.
pub fn trigger_missing(trigger: &FullName) -> Message {
    format!("trigger /{} does not exist", quoted(trigger)).into()
}

/// A rule names an action that does not exist.
pub fn action_missing(action: &FullName) -> Message {
    format!("action /{} does not exist", quoted(action)).into()
}

/// A rule names an entity of another collection than the `expected` one.
pub fn rule_reference_conflict(name: &FullName, expected: &str) -> Message {
    format!("/{} is not {expected}", quoted(name)).into()
}

/// A line in the record of a firing.
pub fn rule_inactive(rule: &FullName, action: &FullName) -> Message {
    format!("Rule '{rule}' is inactive, action '{action}' was not activated.").into()
}

// Packages and bindings, rest.md §7

/// `default` cannot be the name of a package.
pub const PACKAGE_NAME_RESERVED: &str = "Package name 'default' is reserved.";
/// `binding` lacks its namespace or name.
pub const BINDING_MALFORMED: &str = "'binding' must be an object with the strings 'namespace' and 'name'";
/// The package to bind does not exist.
pub const BINDING_MISSING: &str = "Binding references a package that does not exist.";
/// The package to bind is a binding itself.
pub const BINDING_OF_BINDING: &str = "Cannot bind to another package binding.";
/// The name to bind belongs to an entity of another collection.
pub const BINDING_NOT_A_PACKAGE: &str = "Cannot bind to a resource that is not a package.";
/// An update makes a package a binding.
pub const PACKAGE_NO_BINDING: &str = "Resource is a package and cannot be converted into a binding.";
/// An action is written through a binding.
pub const NOT_ON_BINDING: &str = "Operation not permitted on package binding.";
/// The argument of the built-in action `sort`.
pub const SORT_LINES: &str = "parameter 'lines' must be an array of strings";

/// A package and a binding refer to each other.
pub fn binding_circular(name: &FullName) -> Message {
    format!("Package binding '{}' contains a circular reference.", quoted(name)).into()
}

/// A package with `count` entities cannot be deleted without `force`.
pub fn package_not_empty(count: u64) -> Message {
    let entities = if count == 1 { "entity" } else { "entities" };
    format!("Package not empty (contains {count} {entities}). Set force param or delete package contents.").into()
}

/// The operator has hidden the content of shared packages: GET of one.
pub fn get_of_shared_package(package: &FullName) -> Message {
    format!("GET not permitted for '{}' since it's a shared package", quoted(package)).into()
}

/// The operator has hidden the content of shared packages: GET of an action in one.
pub fn get_in_shared_package(package: &FullName) -> Message {
    format!("GET not permitted for '{}' since it's an action in a shared package", quoted(package)).into()
}

/// The operator has hidden the content of shared packages: GET of a binding of one.
pub fn get_of_shared_binding(binding: &FullName) -> Message {
    format!("GET not permitted since {} is a binding of a shared package", quoted(&binding.name)).into()
}

/// The operator has hidden the content of shared packages: GET of an action through a binding of one.
pub fn get_in_shared_binding(action: &FullName) -> Message {
    let action = quoted(action);
    format!("GET not permitted for '{action}'. Resource does not exist or is an action in a shared package binding.")
        .into()
}

/// The namespace would have `asked` of what `limits.{limit}` bounds.
pub fn over_quota(limit: &str, allowed: u64, asked: u64) -> Message {
    format!("The namespace would have {asked} in place of the {allowed} that limits.{limit} allows.").into()
}
