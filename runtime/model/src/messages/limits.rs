//! The limits of an action. rest.md §3.4.

use crate::Message;

/// `limits` is not an object.
pub const LIMITS_MALFORMED: &str = "limits malformed!";
/// A limit on memory or logs is negative.
pub const SIZE_NEGATIVE: &str = "requirement failed: a negative size of an object is not allowed.";
/// The limit `instances` is negative.
pub const INSTANCES_NEGATIVE: &str =
    "requirement failed: Action container concurrency must be greater than or equal to 0.";

/// The limit `what` is not a number.
pub fn limit_malformed(what: &str) -> String {
    format!("{what} limit malformed")
}

/// The limit `what` has a fraction.
pub fn limit_not_whole(what: &str) -> String {
    format!("requirement failed: {what} limit must be whole number")
}

/// The time limit of `value` ms is too long.
pub fn timeout_above(value: u64, limit: u64) -> Message {
    format!("duration {value} milliseconds exceeds allowed threshold of {limit} milliseconds").into()
}

/// The time limit of `value` ms is too short.
pub fn timeout_below(value: u64, limit: u64) -> Message {
    format!("duration {value} milliseconds below allowed threshold of {limit} milliseconds").into()
}

/// The memory limit of `value` MB is too large.
pub fn memory_above(value: u32, limit: u32) -> Message {
    format!("memory size {value} MB exceeds allowed threshold of {limit} MB").into()
}

/// The memory limit of `value` MB is too small.
pub fn memory_below(value: u32, limit: u32) -> Message {
    format!("memory size {value} MB below allowed threshold of {limit} MB").into()
}

/// The log limit of `value` MB is too large.
pub fn logs_above(value: u32, limit: u32) -> Message {
    format!("log size {value} MB exceeds allowed threshold of {limit} MB").into()
}

/// The log limit of `value` MB is too small.
pub fn logs_below(value: u32, limit: u32) -> Message {
    format!("log size {value} MB below allowed threshold of {limit} MB").into()
}

/// The limit `concurrency` is too high.
pub fn concurrency_above(value: u32, limit: u32) -> Message {
    format!("concurrency {value} exceeds allowed threshold of {limit}").into()
}

/// The limit `concurrency` is too low.
pub fn concurrency_below(value: i64, limit: u32) -> Message {
    format!("concurrency {value} below allowed threshold of {limit}").into()
}

/// The limit `instances` is above what the namespace may run at a time.
pub fn instances_above(limit: u32) -> Message {
    format!("Max action instance concurrency must not exceed your namespace concurrency of {limit}.").into()
}

/// No place for a guest. `setting`: the one that decides how many there are.
pub fn no_place(setting: &str, total: u64, free: u64, held: u64) -> Message {
    format!(
        "No place for the action became free in time: the namespace runs {held} actions, {free} of {total} places are free \
        ({setting}), and one namespace may hold at most as many as it leaves free."
    )
    .into()
}

/// A share of a part of the memory budget has no room for `asked` more bytes. `setting`: the one that decides the part's
/// size; all numbers are bytes.
pub fn no_memory(setting: &str, total: u64, free: u64, held: u64, asked: u64) -> Message {
    format!(
        "{asked} bytes of memory were asked for and {held} are held already; {free} of {total} are free ({setting} of \
        server.memory_bytes), and one namespace may hold at most as much as it leaves free."
    )
    .into()
}

/// The disk has little room. 503.
pub fn disk_nearly_full(free: u64, least: u64) -> Message {
    format!("The disk has {free} bytes left, fewer than store.min_free_bytes ({least}): nothing new is accepted now.")
        .into()
}

/// `what`, such as `parameters`, has `count` entries.
pub fn too_many_entries(what: &str, count: u64, limit: u64, setting: &str) -> Message {
    format!("{what} has more entries than allowed: {count} > {limit} ({setting}).").into()
}

/// The JSON of a body has more values than allowed.
pub fn too_many_values(limit: u64) -> Message {
    format!("The request has more values than allowed: more than {limit} (limits.json_nodes).").into()
}

/// A body has `size` bytes that are not one long text.
pub fn document_too_large(size: u64, limit: u64) -> Message {
    format!("Request without its code larger than allowed: {size} > {limit} bytes (limits.document_bytes).").into()
}
