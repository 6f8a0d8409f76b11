//! Sentences about the life of an activation that OpenWhisk does not know: cancelled, run again, given up.

pub const CANCELLED: &str = "The activation was cancelled.";
pub const ALREADY_ENDED: &str = "The activation has ended already.";

pub const INPUT_NOT_KEPT: &str = "What this activation was given is not kept: the server's setting activations.keep_input \
    says of which it is. Send the input as the body to run it again with that.";
pub const RERUN_OF_COMPONENT: &str =
    "This activation was part of a sequence or composition: run that one again, which its 'cause' names.";

pub fn not_a_task_type(value: &str, types: &[&str]) -> String {
    format!("The value '{value}' is not a type of tasks: it must be one of {}.", types.join(", "))
}

pub fn attempts_used_up(attempts: u32) -> String {
    format!("all {attempts} attempts of its retry policy failed")
}

pub fn not_a_wait(value: &str, most: &str) -> String {
    format!("The value '{value}' is not a time to wait: it must be like 30s, 500ms or 1m, and at most {most}.")
}
