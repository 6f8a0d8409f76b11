//! Sentences about retry policies.

use serde_json::Value;

use super::quoted;

/// The annotation is not an object.
pub fn not_an_object(value: &Value) -> String {
    format!("annotation 'retry' must be an object, not {}", quoted(value))
}

/// The annotation has a member that is not one of the `known` ones.
pub fn unknown(member: &str, known: &[&str]) -> String {
    format!("annotation 'retry': {} is not a known member; the members are {}", quoted(member), known.join(", "))
}

/// A member is not an integer in its range.
pub fn not_whole(member: &str, value: &Value, least: u64, most: u64) -> String {
    format!("annotation 'retry': {member} must be an integer from {least} to {most}, not {}", quoted(value))
}

/// A member is not one of its words.
pub fn not_one_of(member: &str, value: &Value, allowed: &[&str]) -> String {
    format!("annotation 'retry': {member} must be one of {}, not {}", allowed.join(", "), quoted(value))
}

/// A member is not a part of one.
pub fn not_a_part(member: &str, value: &Value) -> String {
    format!("annotation 'retry': {member} must be a number from 0 to 1, not {}", quoted(value))
}
