//! Sentences about retry policies.

use serde_json::Value;

/// The annotation is not an object.
pub fn not_an_object(value: &Value) -> String {
    format!("annotation 'retry' must be an object, not {value}")
}

/// The annotation has a member that is not one of the `known` ones.
pub fn unknown(member: &str, known: &[&str]) -> String {
    format!("annotation 'retry': {member} is not a known member; the members are {}", known.join(", "))
}

/// A member is not an integer in its range.
pub fn not_whole(member: &str, value: &Value, least: u64, most: u64) -> String {
    format!("annotation 'retry': {member} must be an integer from {least} to {most}, not {value}")
}

/// A member is not one of its words.
pub fn not_one_of(member: &str, value: &Value, allowed: &[&str]) -> String {
    format!("annotation 'retry': {member} must be one of {}, not {value}", allowed.join(", "))
}

/// A member is not a part of one.
pub fn not_a_part(member: &str, value: &Value) -> String {
    format!("annotation 'retry': {member} must be a number from 0 to 1, not {value}")
}
