//! What an operator is told who handles namespaces.

use std::fmt::Display;

use crate::Message;

pub const NAME_MISSING: &str = "get: which namespace of the data folder? wask namespace get NAME --data-dir DIR";

pub fn missing(name: impl Display) -> String {
    format!("there is no namespace `{name}`")
}

pub fn exists(name: impl Display) -> String {
    format!("there is a namespace `{name}` already")
}

pub fn delete_needs_yes(name: impl Display) -> String {
    format!(
        "this deletes the namespace `{name}` with its actions, triggers, rules, packages, alarms, queued work and records: \
         say --yes"
    )
}

pub fn assignment_malformed(text: &str) -> Message {
    format!("--set {text}: must be LIMIT=VALUE").into()
}

pub fn limit_unknown(name: &str, known: &[&str]) -> Message {
    format!("{name}: there is no such limit of a namespace; there are {}", known.join(", ")).into()
}

pub fn limit_invalid(name: &str, value: &str, allowed: &str) -> Message {
    format!("{name} = {value}: must be {allowed}").into()
}
