//! What can be wrong with the body of a request. REST contract §1.6.

use crate::Message;

pub const PUBLISH_MALFORMED: &str = "'publish' must be a boolean";

pub fn body_unreadable(cause: &str) -> Message {
    format!("The request body could not be read: {cause}").into()
}

/// `at` counts bytes from 0.
pub fn form_escape_illegal(at: usize) -> String {
    format!("illegal percent-encoding at byte {at} of the form")
}
