//! Sentences for an operator who manages namespaces.

use std::fmt::Display;

use crate::Message;

/// `wask namespace get` without a name.
pub const NAME_MISSING: &str = "get: name a namespace of the data folder: wask namespace get NAME --data-dir DIR";
/// The values of a limit that is a switch, for [`limit_invalid`].
pub const TRUE_OR_FALSE: &str = "true or false";

/// The namespace does not exist.
pub fn missing(name: impl Display) -> String {
    format!("there is no namespace `{name}`")
}

/// The namespace to create exists.
pub fn exists(name: impl Display) -> String {
    format!("the namespace `{name}` already exists")
}

/// Deleting a namespace needs a confirmation.
pub fn delete_needs_yes(name: impl Display) -> String {
    format!(
        "this deletes the namespace `{name}` with its actions, triggers, rules, packages, alarms, queued work and \
         records; confirm with --yes"
    )
}

/// `--set` without `=`.
pub fn assignment_malformed(text: &str) -> Message {
    format!("--set {text}: must be LIMIT=VALUE").into()
}

/// A namespace has no limit of this name.
pub fn limit_unknown(name: &str, known: &[&str]) -> Message {
    format!("{name}: not a limit of a namespace; the limits are {}", known.join(", ")).into()
}

/// A limit cannot have this value.
pub fn limit_invalid(name: &str, value: &str, allowed: &str) -> Message {
    format!("{name} = {value}: must be {allowed}").into()
}

/// The values of a limit that is a number, for [`limit_invalid`].
pub fn whole_number(least: u64, most: u64) -> String {
    format!("a whole number from {least} to {most}")
}

/// The values of a minimum whose maximum is `most`, for [`limit_invalid`].
pub fn at_most(maximum: &str, most: u64) -> String {
    format!("at most {maximum}, which is {most}")
}

/// The values of a limit that is a list, for [`limit_invalid`].
pub fn list_of(known: &[&str]) -> String {
    format!("a list of {}", known.join(", "))
}
