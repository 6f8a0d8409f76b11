//! Errors of any request, conditions, bodies, query strings and idempotency keys. rest.md §1.5, §1.6, §2.

use super::quoted;
use crate::{FullName, Message};

// Any request

/// The entity or record does not exist.
pub const ENTITY_NOT_FOUND: &str = "The requested resource does not exist.";
/// No route has this path.
pub const URL_NOT_FOUND: &str = "The requested resource could not be found.";
/// A PUT without `overwrite=true` meets an entity of the name.
pub const ALREADY_EXISTS: &str = "resource already exists";
/// The name belongs to an entity of another collection.
pub const WRONG_COLLECTION: &str = "Resource by this name exists but is not in this collection.";
/// Another request changed the entity at the same time.
pub const CONCURRENT_MODIFICATION: &str = "Concurrent modification to resource detected.";
/// A query of the store ran into its time limit.
pub fn query_too_slow(limit_ms: u64) -> Message {
    format!(
        "The request was ended because its query took longer than store.sqlite.query_ms allows: {limit_ms} milliseconds. \
         Narrow the list by time or name."
    )
    .into()
}

/// A defect of the server.
pub const INTERNAL: &str = "There was an internal server error.";
/// The node cannot serve requests now.
pub const UNAVAILABLE: &str = "The server is currently unavailable (because it is overloaded or down for maintenance).";
/// The disk of the store is full.
pub const STORE_FULL: &str =
    "The server cannot store anything now because its disk is full. Nothing was accepted. Try again later.";

/// The package of an action does not exist.
pub fn package_missing(name: &FullName) -> Message {
    format!("The requested resource '{}' does not exist.", quoted(name)).into()
}

/// The route has other methods.
pub fn method_not_allowed(supported: &str) -> Message {
    format!("HTTP method not allowed, supported methods: {supported}").into()
}

// Conditional requests, RFC 9110 §13.1

/// The header `If-Match` is malformed.
pub const IF_MATCH_MALFORMED: &str = "If-Match must be '*' or a list of quoted ETags, such as \"17\", \"18\".";
/// The header `If-None-Match` of a write is not `*`.
pub const IF_NONE_MATCH_MALFORMED: &str =
    "On a write, If-None-Match can only be '*', which creates a resource and never changes one.";
/// `If-Match` on an entity that does not exist.
pub const IF_MATCH_MISSING: &str = "The resource does not exist, but the request's If-Match requires that it does.";
/// `If-None-Match: *` on an entity that exists.
pub const IF_NONE_MATCH_EXISTS: &str =
    "The resource exists, but the request's If-None-Match requires that it does not.";

/// `If-Match` does not have the `current` revision.
pub fn if_match_failed(current: i64) -> Message {
    format!("The resource has changed. Its ETag is now \"{current}\", which is not in the request's If-Match.").into()
}

// Bodies and query strings

/// A body is required and missing.
pub const BODY_EXPECTED: &str = "Request entity expected but not supplied";
/// The body is not a JSON object.
pub const OBJECT_EXPECTED: &str = "JSON object expected";
/// `parameters` or `annotations` are not an array of `{key, value}`.
pub const PARAMETERS_MALFORMED: &str = "parameters malformed!";
/// `version` is not a version.
pub const VERSION_MALFORMED: &str = "semantic version malformed";
/// The query parameter `timeout` is not a number of milliseconds in range.
pub const INVOKE_TIMEOUT: &str = "Timeout must be number of milliseconds up to 60000.";
/// The body is compressed.
pub const ENCODING_UNSUPPORTED: &str =
    "The request's Content-Encoding is not supported. Send the body without an encoding.";

/// The body is malformed as `detail` says: the fixed prefix of most 400s.
pub fn malformed(detail: &str) -> Message {
    format!("The request content was malformed:\n{detail}").into()
}

/// A query parameter is malformed as `detail` says.
pub fn query_malformed(parameter: &str, detail: &str) -> Message {
    format!("The query parameter '{parameter}' was malformed:\n{detail}").into()
}

/// A query parameter must be `true` or `false`.
pub fn not_a_boolean(value: &str) -> String {
    format!("'{}' is not a valid Boolean value", quoted(value))
}

/// `limit` of a list is outside its range.
pub fn out_of_range(value: i64, collection: &str) -> String {
    format!("The value '{value}' is not in the range of 0 to 200 for {collection}.")
}

/// `skip` of a list is negative.
pub fn below_zero(value: i64, collection: &str) -> String {
    format!("The value '{value}' is not greater than or equal to 0 for {collection}.")
}

/// `skip` of a list is above its limit.
pub fn skips_too_much(value: u64, limit: u64, collection: &str) -> String {
    format!(
        "The value '{value}' is greater than {limit} for {collection} (limits.list_skip). To read further back, narrow \
         the list by time or name, or follow its cursors."
    )
}

/// `limit` or `skip` of a list is not a number.
pub fn not_an_integer(value: &str, collection: &str) -> String {
    format!("The value '{}' is not an integer for {collection}.", quoted(value))
}

/// The request's target has `length` bytes.
pub fn uri_too_long(length: usize, limit: usize) -> Message {
    format!("The request's URI is longer than allowed: {length} > {limit} bytes.").into()
}

/// The body is not JSON by its `Content-Type`.
pub fn content_type(given: &str) -> Message {
    format!("The request's Content-Type [{}] is not supported. Expected:\napplication/json", quoted(given)).into()
}

/// The `Accept` of the request excludes every `available` type.
pub fn not_acceptable(available: &str) -> Message {
    format!("Resource representation is only available with these types:\n{available}").into()
}

/// Some part of a request, such as `payload`, has `size` bytes.
pub fn larger_than_allowed(what: &str, size: u64, limit: u64) -> Message {
    format!("{what} larger than allowed: {size} > {limit} bytes.").into()
}

// Idempotency keys

/// The key has a character outside printable ASCII.
pub const IDEMPOTENCY_KEY_ILLEGAL: &str = "The header 'Idempotency-Key' must consist of printable ASCII characters.";
/// The header is there twice.
pub const IDEMPOTENCY_KEY_TWICE: &str = "The header 'Idempotency-Key' must not be sent more than once.";

/// The key has `length` characters.
pub fn idempotency_key_length(length: usize) -> Message {
    format!("The header 'Idempotency-Key' must have 1 to 255 characters; it has {length}.").into()
}

/// The key names another request.
pub fn idempotency_key_reused(key: &str) -> Message {
    format!(
        "The idempotency key '{key}' was used for another request in the last 24 hours. A retry must repeat the \
         method, the target and the body; another request needs another key."
    )
    .into()
}

/// The namespace has used `count` keys in the last 24 hours.
pub fn too_many_idempotency_keys(count: u64, allowed: u64) -> Message {
    format!("Too many idempotency keys in the last 24 hours (count: {count}, allowed: {allowed}).").into()
}

/// A request that gives its length twice. 400.
pub const TWO_LENGTHS: &str = "The request has both Transfer-Encoding and Content-Length.";

/// A client behind a proxy that has too many requests in flight. 429.
pub fn too_many_of_client(most: u32) -> Message {
    format!("Too many requests of this client in flight (allowed: {most}, http.connections_per_address).").into()
}

/// A body whose peer sends too little. 408.
pub fn body_stalled(ms: u128) -> Message {
    format!("The request's body did not arrive in time: less than 16 KiB in {ms} ms (http.progress_timeout_ms).").into()
}
