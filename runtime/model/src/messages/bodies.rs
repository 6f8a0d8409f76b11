//! Bodies of requests. rest.md §1.6.

use super::quoted;
use crate::Message;

/// `publish` is not a boolean.
pub const PUBLISH_MALFORMED: &str = "'publish' must be a boolean";

/// The connection broke, or the body is not as its headers say.
pub fn body_unreadable(cause: &str) -> Message {
    format!("The request body could not be read: {}", quoted(cause)).into()
}

/// A form has a `%` without two hexadecimal digits. `at` counts bytes from 0.
pub fn form_escape_illegal(at: usize) -> String {
    format!("illegal percent-encoding at byte {at} of the form")
}
