//! What is said of callbacks: every refusal starts with the path of what offends. Feeds contract §C.

use std::ops::RangeInclusive;

use crate::Message;

pub const GIVEN_TWICE: &str = "callback may be given only once";
pub const NOT_A_SUBSCRIPTION: &str = "callback must be a URL or an object";
pub const OPTIONS_NOT_AN_OBJECT: &str = "callback must have a JSON object in the header X-Wask-Callback-Options";
pub const OPTIONS_WITHOUT_URL: &str =
    "callback must have its URL in the header X-Wask-Callback when X-Wask-Callback-Options is given";
pub const URL_IN_OPTIONS: &str = "callback.http.url may not be set in X-Wask-Callback-Options: it is X-Wask-Callback";

// The address. Whether a text is such a URL, and whether it may be called, is not decided in this crate.
pub const URL_MISSING: &str = "callback.http.url is required";
pub const URL_NOT_ABSOLUTE: &str = "callback.http.url must be an absolute http or https URL";
pub const URL_NOT_HTTPS: &str = "callback.http.url must use https";
pub const URL_FORBIDDEN: &str = "callback.http.url targets a forbidden address";
pub const URL_USER_INFO: &str = "callback.http.url may not carry user info";
pub const URL_FRAGMENT: &str = "callback.http.url may not have a fragment";

pub fn url_too_long(size: usize, limit: usize) -> Message {
    larger_than_allowed("callback.http.url", size, limit)
}

pub fn url_port(port: u16) -> Message {
    format!("callback.http.url may not use port {port}: allowed are 80, 443 and 1024 to 65535").into()
}

// Any field
pub fn unknown_field(path: &str) -> Message {
    format!("{} is not a known field", shown(path)).into()
}

pub fn not_an_object(path: &str) -> Message {
    format!("{path} must be an object").into()
}

pub fn not_a_text(path: &str) -> Message {
    format!("{} must be a string", shown(path)).into()
}

pub fn not_a_switch(path: &str) -> Message {
    format!("{path} must be true or false").into()
}

pub fn not_one_of(path: &str, allowed: &[&str]) -> Message {
    format!("{path} must be one of {}", allowed.join(", ")).into()
}

pub fn not_in_range(path: &str, range: &RangeInclusive<u32>) -> Message {
    format!("{path} must be an integer between {} and {}", range.start(), range.end()).into()
}

pub fn larger_than_allowed(path: &str, size: usize, limit: usize) -> Message {
    format!("{path} is longer than allowed: {size} > {limit} bytes").into()
}

pub fn control_characters(path: &str) -> Message {
    format!("{} may not contain line breaks or other control characters", shown(path)).into()
}

pub fn may_not_be_set(path: &str) -> Message {
    format!("{} may not be set", shown(path)).into()
}

// Headers and templates
pub fn too_many_headers(path: &str, count: usize, limit: usize) -> Message {
    format!("{path} has more entries than allowed: {count} > {limit}").into()
}

pub fn not_a_header(path: &str) -> Message {
    format!("{} is not a valid name of a header", shown(path)).into()
}

pub fn not_a_payload(path: &str) -> Message {
    format!("{path} must be one of default, result, activation, or an object").into()
}

pub fn nested_too_deep(path: &str, depth: usize, limit: usize) -> Message {
    format!("{path} is nested deeper than allowed: {depth} > {limit}").into()
}

/// `name`: with the characters around it, like `&$FOO#`.
pub fn unknown_placeholder(path: &str, name: &str) -> Message {
    format!("{path} has unknown placeholder {}", shown(name)).into()
}

// The list of callbacks, and what is done with one of it
pub const ID_MALFORMED: &str = "The callback id must be 'cb_' followed by 32 lower-case hexadecimal digits.";
pub const NOT_RETRIABLE: &str = "Only a callback that is failed, blocked or delivered can be sent again.";
pub const NOT_CANCELLABLE: &str =
    "The callback is over already: one that is delivered, failed, blocked or cancelled cannot be cancelled.";

pub fn too_many_undelivered(count: u64, allowed: u64) -> Message {
    format!("Too many undelivered callbacks in the namespace (count: {count}, allowed: {allowed}).").into()
}

pub fn not_a_state(value: &str, states: &[&str]) -> String {
    format!("The value '{value}' is not a state of callbacks: it must be one of {}.", states.join(", "))
}

/// What a caller named, cut where nobody reads on: an answer is not as long as the caller likes.
fn shown(text: &str) -> String {
    const LONGEST: usize = 160;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_quoted_in_part() {
        let quoted = unknown_field(&format!("callback.{}", "é".repeat(1000)));
        assert_eq!(quoted, format!("callback.{}… is not a known field", "é".repeat(151)));
    }
}
