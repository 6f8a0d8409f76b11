//! Sentences about limits on how much at a time. REST contract §9.

use crate::Message;

pub const LIMITS_INNER: &str = "Inner entity level routes for limits are not yet implemented.";

pub fn too_many_requests(count: u64, allowed: u32) -> Message {
    format!("Too many requests in the last minute (count: {count}, allowed: {allowed}).").into()
}

/// `queued`: how many may wait beside those; where none may, the text is the reference's.
pub fn too_many_concurrent(count: u64, allowed: u32, queued: u32) -> Message {
    let text = format!("Too many concurrent requests in flight (count: {count}, allowed: {allowed})");
    match queued {
        0 => format!("{text}.").into(),
        _ => format!("{text}, and {queued} queued ones are as many as limits.queued_invocations allows.").into(),
    }
}

pub fn too_deep(depth: u32, allowed: u32) -> Message {
    format!(
        "This would be activation {depth} of a chain in which each led to the next, and limits.depth allows {allowed}: \
         perhaps actions, triggers and rules call each other in a circle."
    )
    .into()
}

pub fn too_many_logins(count: u64, allowed: u32) -> Message {
    format!("Too many failed logins in the last minute (count: {count}, allowed: {allowed}).").into()
}
