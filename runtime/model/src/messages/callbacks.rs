//! Sentences about callbacks. A refusal of a field begins with its path. feeds.md §C.

use std::ops::RangeInclusive;

use super::quoted;
use crate::Message;

/// The arguments and the headers both have a callback.
pub const GIVEN_TWICE: &str = "callback may be given only once";
/// The callback has another JSON type.
pub const NOT_A_SUBSCRIPTION: &str = "callback must be a URL or an object";
/// The header with the options is not a JSON object.
pub const OPTIONS_NOT_AN_OBJECT: &str = "callback must have a JSON object in the header X-Wask-Callback-Options";
/// The header with the options is there, that with the URL is not.
pub const OPTIONS_WITHOUT_URL: &str =
    "callback must have its URL in the header X-Wask-Callback when X-Wask-Callback-Options is given";
/// The options have a URL of their own.
pub const URL_IN_OPTIONS: &str = "callback.http.url may not be set in X-Wask-Callback-Options: it is X-Wask-Callback";

// The address. This crate does not decide whether a text is a URL and may be called.
/// The callback has no URL.
pub const URL_MISSING: &str = "callback.http.url is required";
/// The URL is not one, or has another scheme.
pub const URL_NOT_ABSOLUTE: &str = "callback.http.url must be an absolute http or https URL";
/// The namespace or the server demands https.
pub const URL_NOT_HTTPS: &str = "callback.http.url must use https";
/// The egress policy forbids the address.
pub const URL_FORBIDDEN: &str = "callback.http.url targets a forbidden address";
/// The URL has a user name or password.
pub const URL_USER_INFO: &str = "callback.http.url may not carry user info";
/// The URL has a fragment.
pub const URL_FRAGMENT: &str = "callback.http.url may not have a fragment";

/// The URL has `size` bytes.
pub fn url_too_long(size: usize, limit: usize) -> Message {
    larger_than_allowed("callback.http.url", size, limit)
}

/// The port is one that no receiver of callbacks may have.
pub fn url_port(port: u16) -> Message {
    format!("callback.http.url may not use port {port}: allowed are 80, 443 and 1024 to 65535").into()
}

// Any field
/// The object has a member that is not known.
pub fn unknown_field(path: &str) -> Message {
    format!("{} is not a known field", quoted(path)).into()
}

/// The field must be an object.
pub fn not_an_object(path: &str) -> Message {
    format!("{} must be an object", quoted(path)).into()
}

/// The field must be a string.
pub fn not_a_text(path: &str) -> Message {
    format!("{} must be a string", quoted(path)).into()
}

/// The field must be a boolean.
pub fn not_a_switch(path: &str) -> Message {
    format!("{} must be true or false", quoted(path)).into()
}

/// The field must be one of some words.
pub fn not_one_of(path: &str, allowed: &[&str]) -> Message {
    format!("{} must be one of {}", quoted(path), allowed.join(", ")).into()
}

/// The field must be an integer in a range.
pub fn not_in_range(path: &str, range: &RangeInclusive<u32>) -> Message {
    format!("{} must be an integer between {} and {}", quoted(path), range.start(), range.end()).into()
}

/// The field has `size` bytes.
pub fn larger_than_allowed(path: &str, size: usize, limit: usize) -> Message {
    format!("{} is longer than allowed: {size} > {limit} bytes", quoted(path)).into()
}

/// The field has control characters, which a header cannot have.
pub fn control_characters(path: &str) -> Message {
    format!("{} may not contain line breaks or other control characters", quoted(path)).into()
}

/// The field is the server's.
pub fn may_not_be_set(path: &str) -> Message {
    format!("{} may not be set", quoted(path)).into()
}

// Headers and templates
/// There are `count` headers.
pub fn too_many_headers(path: &str, count: usize, limit: usize) -> Message {
    format!("{} has more entries than allowed: {count} > {limit}", quoted(path)).into()
}

/// The name is not that of a header.
pub fn not_a_header(path: &str) -> Message {
    format!("{} is not a valid name of a header", quoted(path)).into()
}

/// The payload is neither a word nor a template.
pub fn not_a_payload(path: &str) -> Message {
    format!("{} must be one of default, result, activation, or an object", quoted(path)).into()
}

/// The template has `depth` levels.
pub fn nested_too_deep(path: &str, depth: usize, limit: usize) -> Message {
    format!("{} is nested deeper than allowed: {depth} > {limit}", quoted(path)).into()
}

/// The template has the placeholder `name`, such as `&$FOO#`, which is not known.
pub fn unknown_placeholder(path: &str, name: &str) -> Message {
    format!("{} has unknown placeholder {}", quoted(path), quoted(name)).into()
}

// Lists of callbacks, and requests about one
/// A callback id in a URL is not one.
pub const ID_MALFORMED: &str = "The callback id must be 'cb_' followed by 32 lower-case hexadecimal digits.";
/// The callback has not ended, or was cancelled.
pub const NOT_RETRIABLE: &str = "Only a callback that is failed, blocked or delivered can be sent again.";
/// The callback has ended.
pub const NOT_CANCELLABLE: &str =
    "The callback has already ended: one that is delivered, failed, blocked or cancelled cannot be cancelled.";

/// The namespace has `count` callbacks that are not delivered yet.
pub fn too_many_undelivered(count: u64, allowed: u64) -> Message {
    format!("Too many undelivered callbacks in the namespace (count: {count}, allowed: {allowed}).").into()
}

/// The namespace's callbacks that are not delivered yet would have `asked` bytes.
pub fn undelivered_too_large(asked: u64, limit: u64) -> Message {
    format!(
        "Undelivered callbacks of the namespace would be larger than allowed: {asked} > {limit} bytes \
        (limits.callback_bytes)."
    )
    .into()
}

/// The filter `state` of a list.
pub fn not_a_state(value: &str, states: &[&str]) -> String {
    format!("The value '{}' is not a state of callbacks. It must be one of {}.", quoted(value), states.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_in_the_message() {
        let quoted = unknown_field(&format!("callback.{}", "é".repeat(1000)));
        assert_eq!(quoted, format!("callback.{}… is not a known field", "é".repeat(123)));
    }
}
