//! Every sentence a user can read. Clients compare the bytes, so the wording is fixed, misspellings included.
//!
//! Source: REST contract, the sections named; feeds contract for the alarms and the callbacks.

mod activations;
pub mod alarms;
mod bodies;
pub mod callbacks;
pub mod gateway;
pub mod namespaces;
pub mod retry;
mod throttles;

pub use activations::*;
pub use bodies::*;
pub use throttles::*;

use crate::{FullName, Message};

// Names, §1.2
pub const ENTITY_NAME_ILLEGAL: &str = "The name of the entity contains illegal characters.";
pub const NAMESPACE_ILLEGAL: &str = "The namespace contains illegal characters.";
pub const NAME_NOT_QUALIFIED: &str = "requirement failed: The fully qualified name of the entity must contain at least the namespace and the name of the entity.";
pub const PATH_MALFORMED: &str =
    "the path is malformed: it must be 'namespace/name' or 'namespace/package/name' with legal names";

pub fn entity_name_too_long(length: usize) -> Message {
    format!("Name segement longer than allowed: {length} > 256.").into()
}

pub fn namespace_too_long(length: usize) -> Message {
    format!("Namespace longer than allowed: {length} > 256.").into()
}

// Authentication and authorization, §1.3, §1.4
pub const AUTHENTICATION_MISSING: &str =
    "The resource requires authentication, which was not supplied with the request";
pub const AUTHENTICATION_INVALID: &str = "The supplied authentication is invalid";
pub const AUTHENTICATION_FAILED: &str = "Authentication is possible but has failed or not yet been provided.";
pub const FORBIDDEN: &str = "The supplied authentication is not authorized to access this resource.";

pub fn not_authorized(resources: &[String]) -> Message {
    format!("The supplied authentication is not authorized to access '{}'.", resources.join(", ")).into()
}

pub fn kind_not_authorized(kind: &str) -> Message {
    format!("The supplied authentication is not authorized to access actions of kind '{kind}'.").into()
}

// Errors, §1.5
pub const BAD_REQUEST: &str = "The request contains bad syntax or cannot be fulfilled.";
pub const ENTITY_NOT_FOUND: &str = "The requested resource does not exist.";
pub const URL_NOT_FOUND: &str = "The requested resource could not be found.";
pub const ALREADY_EXISTS: &str = "resource already exists";
pub const WRONG_COLLECTION: &str = "Resource by this name exists but is not in this collection.";
pub const CONCURRENT_MODIFICATION: &str = "Concurrent modification to resource detected.";
pub const INTERNAL: &str = "There was an internal server error.";
pub const UNAVAILABLE: &str = "The server is currently unavailable (because it is overloaded or down for maintenance).";
pub const STORE_FULL: &str =
    "The server cannot store anything now: its disk is full. Nothing was accepted; try again later.";

// Conditional requests, RFC 9110 §13.1
pub const IF_MATCH_MALFORMED: &str = "If-Match must be '*' or ETags in quotes, separated by commas, like \"17\".";
pub const IF_NONE_MATCH_MALFORMED: &str = "If-None-Match of a write can only be '*', which creates and never changes.";
pub const IF_MATCH_MISSING: &str = "The resource does not exist, but the request's If-Match demands that it does.";
pub const IF_NONE_MATCH_EXISTS: &str = "The resource exists, but the request's If-None-Match demands that it does not.";

pub fn if_match_failed(current: i64) -> Message {
    format!("The resource has changed: its ETag is \"{current}\" now, which is not in the request's If-Match.").into()
}

pub fn package_missing(name: &FullName) -> Message {
    format!("The requested resource '{name}' does not exist.").into()
}

pub fn method_not_allowed(supported: &str) -> Message {
    format!("HTTP method not allowed, supported methods: {supported}").into()
}

// Bodies and query strings, §1.6, §2
pub const BODY_EXPECTED: &str = "Request entity expected but not supplied";
pub const OBJECT_EXPECTED: &str = "JSON object expected";
pub const PARAMETERS_MALFORMED: &str = "parameters malformed!";
pub const LIMITS_MALFORMED: &str = "limits malformed!";
pub const VERSION_MALFORMED: &str = "semantic version malformed";
pub const INVOKE_TIMEOUT: &str = "Timeout must be number of milliseconds up to 60000.";
pub const ENCODING_UNSUPPORTED: &str = "The request's Content-Encoding is not supported: send the body as it is.";

pub fn malformed(detail: &str) -> Message {
    format!("The request content was malformed:\n{detail}").into()
}

pub fn query_malformed(parameter: &str, detail: &str) -> Message {
    format!("The query parameter '{parameter}' was malformed:\n{detail}").into()
}

pub fn not_a_boolean(value: &str) -> String {
    format!("'{value}' is not a valid Boolean value")
}

pub fn out_of_range(value: i64, collection: &str) -> String {
    format!("The value '{value}' is not in the range of 0 to 200 for {collection}.")
}

pub fn below_zero(value: i64, collection: &str) -> String {
    format!("The value '{value}' is not greater than or equal to 0 for {collection}.")
}

pub fn not_an_integer(value: &str, collection: &str) -> String {
    format!("The value '{value}' is not an integer for {collection}.")
}

pub fn uri_too_long(length: usize, limit: usize) -> Message {
    format!("The request's URI is longer than allowed: {length} > {limit} bytes.").into()
}

pub fn content_type(given: &str) -> Message {
    format!("The request's Content-Type [{given}] is not supported. Expected:\napplication/json").into()
}

pub fn not_acceptable(available: &str) -> Message {
    format!("Resource representation is only available with these types:\n{available}").into()
}

pub fn larger_than_allowed(what: &str, size: u64, limit: u64) -> Message {
    format!("{what} larger than allowed: {size} > {limit} bytes.").into()
}

// exec and limits, §3.3, §3.4
pub const EXEC_UNDEFINED: &str = "exec undefined";
pub const KIND_MISSING: &str = "'kind' must be a string defined in 'exec'";
pub const MAIN_MALFORMED: &str = "if defined, 'main' be a string in 'exec' for 'wasm:1' actions";
pub const COMPONENTS_MISSING: &str = "'components' must be defined for sequence kind";
pub const COMPONENTS_MALFORMED: &str = "'components' must be an array";
pub const SIZE_NEGATIVE: &str = "requirement failed: a negative size of an object is not allowed.";
pub const INSTANCES_NEGATIVE: &str =
    "requirement failed: Action container concurrency must be greater than or equal to 0.";
pub const IMAGE_MISSING: &str = "'image' must be a string defined in 'exec' for 'blackbox' actions";
pub const BLACKBOX_WITHOUT_CODE: &str = "There are no containers here: a 'blackbox' action needs a module in 'code', \
as base64 of a .wasm file or of a zip that holds one. Other kinds: 'wasm:1', 'wasm:default', 'wasm', 'sequence'.";
pub const SYSTEM_NAMESPACE: &str = "The namespace 'whisk.system' is built into the server and cannot be changed.";

/// What a module looks like that a client read as text; and what to do instead. `spec/clients.md`.
pub const MANGLED_UPLOAD: &str = "The module was damaged on its way: the client sent a binary file as text. Any of these works: \
aio rt action create NAME FILE.wasm --kind wasm:1 --binary; zip the module and run: wsk action create NAME FILE.zip --kind wasm:1; \
or send exec.code as base64 of the file.";

// sequences and compositions, §5
pub const SEQUENCE_EMPTY: &str = "No component specified for the sequence.";
pub const SEQUENCE_COMPONENT_MISSING: &str = "Sequence component does not exist.";
pub const SEQUENCE_CYCLE: &str = "Sequence may not refer to itself.";
pub const SEQUENCE_TOO_LONG: &str = "Too many actions in the sequence.";
pub const SEQUENCE_FAILED: &str = "Sequence failed.";
pub const COMPOSITION_TOO_LONG: &str = "Too many actions in the composition.";
pub const COMPOSITION_FAILED: &str = "Activation failure during composition.";

/// `name`: what the conductor returned as `action`.
pub fn composition_name_invalid(name: &serde_json::Value) -> String {
    format!("Failed to parse action name from json value {name} during composition.")
}

pub fn composition_unresolved(name: &FullName) -> String {
    format!("Failed to resolve action with name '{name}' during composition.")
}

pub fn composition_not_entitled(name: &FullName) -> String {
    format!("Failed entitlement check for action with name '{name}' during composition.")
}

pub fn kind_unsupported(kind: &str, supported: &[&str]) -> String {
    let supported: Vec<String> = supported.iter().map(|k| format!("'{k}'")).collect();
    format!(
        "The specified runtime '{kind}' is not supported by this platform. Valid values are: {}.",
        supported.join(", ")
    )
}

pub fn code_missing(kind: &str) -> String {
    format!("'code' must be a string or attachment object defined in 'exec' for '{kind}' actions")
}

pub fn limit_not_whole(what: &str) -> String {
    format!("requirement failed: {what} limit must be whole number")
}

pub fn timeout_above(value: u64, limit: u64) -> Message {
    format!("duration {value} milliseconds exceeds allowed threshold of {limit} milliseconds").into()
}

pub fn timeout_below(value: u64, limit: u64) -> Message {
    format!("duration {value} milliseconds below allowed threshold of {limit} milliseconds").into()
}

pub fn memory_above(value: u32, limit: u32) -> Message {
    format!("memory size {value} MB exceeds allowed threshold of {limit} MB").into()
}

pub fn memory_below(value: u32, limit: u32) -> Message {
    format!("memory size {value} MB below allowed threshold of {limit} MB").into()
}

pub fn logs_above(value: u32, limit: u32) -> Message {
    format!("log size {value} MB exceeds allowed threshold of {limit} MB").into()
}

pub fn logs_below(value: u32, limit: u32) -> Message {
    format!("log size {value} MB below allowed threshold of {limit} MB").into()
}

pub fn concurrency_above(value: u32, limit: u32) -> Message {
    format!("concurrency {value} exceeds allowed threshold of {limit}").into()
}

pub fn concurrency_below(value: i64, limit: u32) -> Message {
    format!("concurrency {value} below allowed threshold of {limit}").into()
}

pub fn instances_above(limit: u32) -> Message {
    format!("Max action instance concurrency must not exceed your namespace concurrency of {limit}.").into()
}

// Invocation and outcome, §3.6, §3.7, §3.9
pub const PARAMETERS_NOT_ALLOWED: &str = "Request defines parameters that are not allowed (e.g., reserved properties).";
pub const ABNORMAL_RUN: &str = "The action did not produce a valid response and exited unexpectedly.";
pub const ABNORMAL_INITIALIZATION: &str = "The action did not initialize and exited unexpectedly.";
pub const NOT_PROVISIONED: &str = "Failed to provision resources to run the action.";
pub const NAMESPACE_BLOCKED: &str = "The action was not invoked due to a blacklisted namespace.";
pub const ACTION_GONE: &str = "Action could not be found or may have been deleted.";
/// An action that was stored without code.
pub fn no_code() -> Message {
    "The action has no code.".into()
}

pub const ACTION_UNFETCHABLE: &str = "Action could not be fetched.";
pub const LOGS_MISSING: &str = "The action did not initialize or run as expected. Log data might be missing.";

pub fn timed_out(limit_ms: u128) -> Message {
    format!("The action exceeded its time limits of {limit_ms} milliseconds.").into()
}

pub fn timed_out_during_initialization(limit_ms: u128) -> Message {
    format!("The action exceeded its time limits of {limit_ms} milliseconds during initialization.").into()
}

pub fn host_calls_exhausted(limit: u32) -> Message {
    format!("The action made more host calls than allowed: {} > {limit}.", u64::from(limit) + 1).into()
}

pub const MEMORY_EXHAUSTED: &str = "The action exhausted its memory and was aborted.";

pub fn no_json(raw: &str) -> Message {
    let tail = if raw.is_empty() { ".".to_owned() } else { format!(": {raw}") };
    format!("The action did not produce a valid JSON or JSON Array response{tail}").into()
}

pub fn result_too_large(size: u64, limit: u64, prefix: &str) -> Message {
    format!("The action produced a response that exceeded the allowed length: {size} > {limit} bytes. The truncated response was: {prefix}").into()
}

pub fn node_failed(attempts: u32) -> Message {
    format!("The node failed while running this activation {attempts} times.").into()
}

pub const NOT_REDELIVERED: &str =
    "The node failed while running this activation, and the action's annotation 'redelivery' is false.";

// Activations, §4
pub const ACTIVATION_ID_ILLEGAL: &str = "The activation id is not valid.";
pub const DOCS_WITH_COUNT: &str = "The parameter 'docs' is not permitted with 'count'.";

pub const SKIP_WITH_CURSOR: &str = "The parameter 'skip' is not permitted with 'cursor'.";

pub fn not_a_status(value: &str) -> String {
    format!(
        "The value '{value}' is not a status: it must be success, application error, action developer error, \
         whisk internal error, a number from 0 to 3 for one of these, or failed for all but success."
    )
}

pub fn not_a_kind(value: &str, kinds: &[&str]) -> String {
    format!("The value '{value}' is not a kind of activations: it must be one of {}.", kinds.join(", "))
}

pub fn not_a_cursor(value: &str) -> String {
    format!("The value '{value}' is not a cursor: it must be taken from the Link header of a page.")
}

pub fn text_too_long(length: usize, limit: usize) -> String {
    format!("The value is longer than allowed: {length} > {limit} characters.")
}

pub fn activation_id_length(length: usize) -> Message {
    format!("Activation id length is {length} but must be 32.").into()
}

pub fn activation_name_filter(value: &str) -> Message {
    format!("Parameter may be a 'simple' name or 'package-name/simple' name: {value}").into()
}

pub fn not_epoch(value: &str) -> Message {
    format!("Parameter is not a valid value for epoch seconds: {value}").into()
}

// Idempotency keys
pub const IDEMPOTENCY_KEY_ILLEGAL: &str = "The header 'Idempotency-Key' must consist of printable ASCII characters.";
pub const IDEMPOTENCY_KEY_TWICE: &str = "The header 'Idempotency-Key' must not be sent more than once.";

pub fn idempotency_key_length(length: usize) -> Message {
    format!("The header 'Idempotency-Key' must have 1 to 255 characters; it has {length}.").into()
}

pub fn idempotency_key_reused(key: &str) -> Message {
    format!(
        "The idempotency key '{key}' was used for another request in the last 24 hours: a retry must repeat the method, \
         the target and the body; another request needs another key."
    )
    .into()
}

pub fn too_many_idempotency_keys(count: u64, allowed: u64) -> Message {
    format!("Too many idempotency keys in the last 24 hours (count: {count}, allowed: {allowed}).").into()
}

// Triggers and rules, §6
pub const FEED_NAME_INVALID: &str = "Feed name is not valid";
pub const RULE_INCOMPLETE: &str = "rule requires a valid trigger and a valid action";
pub const RULE_STATUS: &str = "status must be 'active' or 'inactive'";
pub const RULE_WITHOUT_TRIGGER: &str = "Only rules with existing triggers can be activated";

pub fn trigger_missing(trigger: &FullName) -> Message {
    format!("trigger /{trigger} does not exist").into()
}

pub fn action_missing(action: &FullName) -> Message {
    format!("action /{action} does not exist").into()
}

pub fn rule_reference_conflict(name: &FullName, expected: &str) -> Message {
    format!("/{name} is not {expected}").into()
}

pub fn rule_inactive(rule: &FullName, action: &FullName) -> Message {
    format!("Rule '{rule}' is inactive, action '{action}' was not activated.").into()
}

// Packages and bindings, §7
pub const PACKAGE_NAME_RESERVED: &str = "Package name 'default' is reserved.";
pub const BINDING_MALFORMED: &str = "'binding' must be an object with the texts 'namespace' and 'name'";
pub const BINDING_MISSING: &str = "Binding references a package that does not exist.";
pub const BINDING_OF_BINDING: &str = "Cannot bind to another package binding.";
pub const BINDING_NOT_A_PACKAGE: &str = "Cannot bind to a resource that is not a package.";
pub const PACKAGE_NO_BINDING: &str = "Resource is a package and cannot be converted into a binding.";
pub const NOT_ON_BINDING: &str = "Operation not permitted on package binding.";

pub const SORT_LINES: &str = "parameter 'lines' must be an array of texts";

pub fn binding_circular(name: &FullName) -> Message {
    format!("Package binding '{name}' contains a circular reference.").into()
}

pub fn package_not_empty(count: usize) -> Message {
    let entities = if count == 1 { "entity" } else { "entities" };
    format!("Package not empty (contains {count} {entities}). Set force param or delete package contents.").into()
}

pub fn get_of_shared_package(package: &FullName) -> Message {
    format!("GET not permitted for '{package}' since it's a shared package").into()
}

pub fn get_in_shared_package(package: &FullName) -> Message {
    format!("GET not permitted for '{package}' since it's an action in a shared package").into()
}

pub fn get_of_shared_binding(binding: &FullName) -> Message {
    format!("GET not permitted since {} is a binding of a shared package", binding.name).into()
}

pub fn get_in_shared_binding(action: &FullName) -> Message {
    format!("GET not permitted for '{action}'. Resource does not exist or is an action in a shared package binding.")
        .into()
}

// Web actions, §8
pub const WEB_NOT_READY: &str = "Response not yet ready.";
pub const WEB_PROCESSING: &str = "There was an error processing your request.";
pub const WEB_PROPERTY_MISSING: &str = "Response does not include requested property.";
pub const WEB_TYPE_UNKNOWN: &str = "Response did not specify a known content-type.";
pub const WEB_TYPE_MISMATCH: &str = "Response type in header did not match generated content type.";

pub fn web_invalid(media_type: &str) -> Message {
    format!("Response is not valid '{media_type}'.").into()
}
