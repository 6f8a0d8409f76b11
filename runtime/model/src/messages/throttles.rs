//! Limits on rate and concurrency. rest.md §9.

use crate::Message;

/// `limits` has no sub-resources.
pub const LIMITS_INNER: &str = "Inner entity level routes for limits are not yet implemented.";

/// The namespace made `count` invocations or firings in this minute.
pub fn too_many_requests(count: u64, allowed: u32) -> Message {
    format!("Too many requests in the last minute (count: {count}, allowed: {allowed}).").into()
}

/// The namespace has read the API `count` times in this minute.
pub fn too_many_reads(count: u64, allowed: u32) -> Message {
    format!("Too many reads in the last minute (count: {count}, allowed: {allowed}, limits.reads_per_minute).").into()
}

/// The namespace has `count` activations in flight. If it may have `queued` more that wait, the sentence says so;
/// otherwise it is OpenWhisk's.
pub fn too_many_concurrent(count: u64, allowed: u32, queued: u32) -> Message {
    let text = format!("Too many concurrent requests in flight (count: {count}, allowed: {allowed})");
    match queued {
        0 => format!("{text}.").into(),
        _ => format!("{text}, and the limit of {queued} queued ones (limits.queued_invocations) is reached.").into(),
    }
}

/// The activation would be the `depth`-th of a chain in which each caused the next.
pub fn too_deep(depth: u32, allowed: u32) -> Message {
    format!(
        "This would be activation {depth} of a chain in which each one led to the next; limits.depth allows {allowed}. \
         Perhaps actions, triggers and rules invoke each other in a loop."
    )
    .into()
}

/// An address or uuid failed to log in `count` times in this minute.
pub fn too_many_logins(count: u64, allowed: u32) -> Message {
    format!("Too many failed logins in the last minute (count: {count}, allowed: {allowed}).").into()
}
