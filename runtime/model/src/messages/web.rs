//! Web actions. rest.md §8.

use super::quoted;
use crate::Message;

/// The action has not ended within the caller's wait.
pub const WEB_NOT_READY: &str = "Response not yet ready.";
/// The action ended badly.
pub const WEB_PROCESSING: &str = "There was an error processing your request.";
/// The URL projects a property that the result does not have.
pub const WEB_PROPERTY_MISSING: &str = "Response does not include requested property.";
/// The result names a media type that cannot be parsed.
pub const WEB_TYPE_UNKNOWN: &str = "Response did not specify a known content-type.";
/// The result names another media type than the URL's extension.
pub const WEB_TYPE_MISMATCH: &str = "Response type in header did not match generated content type.";

/// The result cannot be shown as `media_type`.
pub fn web_invalid(media_type: &str) -> Message {
    format!("Response is not valid '{}'.", quoted(media_type)).into()
}
