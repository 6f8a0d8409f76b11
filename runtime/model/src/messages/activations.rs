//! Activations: ids, lists, cancelling and rerunning. rest.md §4.

use super::quoted;
use crate::Message;

/// An activation id has characters that are not lower-case hexadecimal digits.
pub const ACTIVATION_ID_ILLEGAL: &str = "The activation id is not valid.";
/// `docs=true` and `count=true` exclude each other.
pub const DOCS_WITH_COUNT: &str = "The parameter 'docs' is not permitted with 'count'.";
/// `skip` and `cursor` exclude each other.
pub const SKIP_WITH_CURSOR: &str = "The parameter 'skip' is not permitted with 'cursor'.";
/// The result of a cancelled activation.
pub const CANCELLED: &str = "The activation was cancelled.";
/// An activation that has ended cannot be cancelled.
pub const ALREADY_ENDED: &str = "The activation has already ended.";
/// An activation without its input cannot be rerun.
pub const INPUT_NOT_KEPT: &str = "The input of this activation was not kept; the server's setting \
    activations.keep_input says when it is. To rerun the activation, send the input as the body.";
/// A component cannot be rerun.
pub const RERUN_OF_COMPONENT: &str =
    "This activation was part of a sequence or composition. Rerun that one: its id is the 'cause' of this activation.";

/// An activation id has `length` characters.
pub fn activation_id_length(length: usize) -> Message {
    format!("Activation id length is {length} but must be 32.").into()
}

/// The filter `name` of a list.
pub fn activation_name_filter(value: &str) -> Message {
    format!("Parameter may be a 'simple' name or 'package-name/simple' name: {}", quoted(value)).into()
}

/// The filter `since` or `upto` of a list.
pub fn not_epoch(value: &str) -> Message {
    format!("Parameter is not a valid value for epoch seconds: {}", quoted(value)).into()
}

/// The filter `status` of a list.
pub fn not_a_status(value: &str) -> String {
    format!(
        "The value '{}' is not a status. It must be success, application error, action developer error, whisk internal \
         error, the number of one of these from 0 to 3, or failed for every status but success.",
        quoted(value)
    )
}

/// The filter `kind` of a list.
pub fn not_a_kind(value: &str, kinds: &[&str]) -> String {
    format!("The value '{}' is not a kind of activation. It must be one of {}.", quoted(value), kinds.join(", "))
}

/// The parameter `cursor` of a list.
pub fn not_a_cursor(value: &str) -> String {
    format!("The value '{}' is not a cursor. Take it from the Link header of a page.", quoted(value))
}

/// The filter `contains` of a list.
pub fn text_too_long(length: usize, limit: usize) -> String {
    format!("The value is longer than allowed: {length} > {limit} characters.")
}

/// The filter `type` of a list of tasks.
pub fn not_a_task_type(value: &str, types: &[&str]) -> String {
    format!("The value '{}' is not a type of task. It must be one of {}.", quoted(value), types.join(", "))
}

/// Why an activation became a dead letter.
pub fn attempts_used_up(attempts: u32) -> String {
    format!("all {attempts} attempts of its retry policy failed")
}

/// The parameter `wait` of a status.
pub fn not_a_wait(value: &str, most: &str) -> String {
    format!("The value '{}' is not a time to wait. Use a time such as 30s, 500ms or 1m, at most {most}.", quoted(value))
}
