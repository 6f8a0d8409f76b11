//! Actions, sequences and compositions, and how their runs end. rest.md §3.3, §3.6 to §3.9, §5.

use super::quoted;
use crate::{FullName, Message};

// `exec`, rest.md §3.3

/// A new action has no `exec`.
pub const EXEC_UNDEFINED: &str = "exec undefined";
/// `exec.kind` is missing.
pub const KIND_MISSING: &str = "'kind' must be a string defined in 'exec'";
/// `exec.main` is not a string.
pub const MAIN_MALFORMED: &str = "if defined, 'main' be a string in 'exec' for 'wasm:1' actions";
/// A sequence has no `components`.
pub const COMPONENTS_MISSING: &str = "'components' must be defined for sequence kind";
/// `components` is not an array.
pub const COMPONENTS_MALFORMED: &str = "'components' must be an array";
/// A blackbox action has no `image`.
pub const IMAGE_MISSING: &str = "'image' must be a string defined in 'exec' for 'blackbox' actions";
/// A blackbox action has only an image.
pub const BLACKBOX_WITHOUT_CODE: &str = "This server runs no containers. A 'blackbox' action needs a module in 'code': \
base64 of a .wasm file, or of a zip with one in it. Other kinds: 'wasm:1', 'wasm:default', 'wasm', 'sequence'.";
/// The upload looks like a module that a client read as text. clients.md §2.
pub const MANGLED_UPLOAD: &str = "The module was damaged on its way: the client sent a binary file as text. Any of \
these works: aio rt action create NAME FILE.wasm --kind wasm:1 --binary; zip the module and run: wsk action create NAME \
FILE.zip --kind wasm:1; or send exec.code as base64 of the file.";

/// `exec.kind` is not one of the `supported` ones.
pub fn kind_unsupported(kind: &str, supported: &[&str]) -> String {
    let supported: Vec<String> = supported.iter().map(|k| format!("'{k}'")).collect();
    format!(
        "The specified runtime '{}' is not supported by this platform. Valid values are: {}.",
        quoted(kind),
        supported.join(", ")
    )
}

/// `exec.code` is missing.
pub fn code_missing(kind: &str) -> String {
    format!("'code' must be a string or attachment object defined in 'exec' for '{kind}' actions")
}

// Sequences and compositions, rest.md §5

/// A sequence without components.
pub const SEQUENCE_EMPTY: &str = "No component specified for the sequence.";
/// A component does not exist.
pub const SEQUENCE_COMPONENT_MISSING: &str = "Sequence component does not exist.";
/// A sequence has itself as a component, directly or not.
pub const SEQUENCE_CYCLE: &str = "Sequence may not refer to itself.";
/// A sequence is longer than `limits.sequence_length`.
pub const SEQUENCE_TOO_LONG: &str = "Too many actions in the sequence.";
/// A sequence could not be run.
pub const SEQUENCE_FAILED: &str = "Sequence failed.";
/// A composition has taken too many steps.
pub const COMPOSITION_TOO_LONG: &str = "Too many actions in the composition.";
/// A composition could not be run.
pub const COMPOSITION_FAILED: &str = "Activation failure during composition.";

/// A conductor returned `name` as `action`, and it is not the name of an action.
pub fn composition_name_invalid(name: &serde_json::Value) -> String {
    format!("Failed to parse action name from json value {} during composition.", quoted(name))
}

/// A conductor names an action that does not exist.
pub fn composition_unresolved(name: &FullName) -> String {
    format!("Failed to resolve action with name '{}' during composition.", quoted(name))
}

/// A conductor names an action that the caller may not invoke.
pub fn composition_not_entitled(name: &FullName) -> String {
    format!("Failed entitlement check for action with name '{}' during composition.", quoted(name))
}

// Runs, rest.md §3.6, §3.7, §3.9

/// The payload sets a final parameter, or a reserved one of a web action.
pub const PARAMETERS_NOT_ALLOWED: &str = "Request defines parameters that are not allowed (e.g., reserved properties).";
/// The guest ended without a result.
pub const ABNORMAL_RUN: &str = "The action did not produce a valid response and exited unexpectedly.";
/// The guest could not be made ready.
pub const ABNORMAL_INITIALIZATION: &str = "The action did not initialize and exited unexpectedly.";
/// The node could not give the guest a sandbox.
pub const NOT_PROVISIONED: &str = "Failed to provision resources to run the action.";
/// The namespace was blocked after the activation was accepted.
pub const NAMESPACE_BLOCKED: &str = "The action was not invoked due to a blacklisted namespace.";
/// The action was deleted after the activation was accepted.
pub const ACTION_GONE: &str = "Action could not be found or may have been deleted.";
/// The action could not be read from the store.
pub const ACTION_UNFETCHABLE: &str = "Action could not be fetched.";
/// The guest asked for more memory than its limit.
pub const MEMORY_EXHAUSTED: &str = "The action exhausted its memory and was aborted.";

/// The server had no more memory for it; why.
pub fn memory_refused(reason: &str) -> String {
    format!("The action exhausted the memory that the server has for it and was aborted: {reason}")
}
/// The node failed during a run, and the action forbids another.
pub const NOT_REDELIVERED: &str =
    "The node failed while running this activation, and the action's annotation 'redelivery' is false.";

/// The action was stored without code.
pub fn no_code() -> Message {
    "The action has no code.".into()
}

/// The run took longer than its limit.
pub fn timed_out(limit_ms: u128) -> Message {
    format!("The action exceeded its time limits of {limit_ms} milliseconds.").into()
}

/// Making the guest ready took longer than its limit.
pub fn timed_out_during_initialization(limit_ms: u128) -> Message {
    format!("The action exceeded its time limits of {limit_ms} milliseconds during initialization.").into()
}

/// The guest called services of the host more than `limit` times.
pub fn host_calls_exhausted(limit: u32) -> Message {
    format!("The action made more host calls than allowed: {} > {limit}.", u64::from(limit) + 1).into()
}

/// The guest wrote `raw`, which is neither a JSON object nor an array.
pub fn no_json(raw: &str) -> Message {
    let tail = if raw.is_empty() { ".".to_owned() } else { format!(": {raw}") };
    format!("The action did not produce a valid JSON or JSON Array response{tail}").into()
}

/// The result has `size` bytes; `prefix` is its beginning.
pub fn result_too_large(size: u64, limit: u64, prefix: &str) -> Message {
    format!(
        "The action produced a response that exceeded the allowed length: {size} > {limit} bytes. The truncated \
         response was: {prefix}"
    )
    .into()
}

/// The node failed in each of `attempts` runs.
pub fn node_failed(attempts: u32) -> Message {
    format!("The node failed while running this activation {attempts} times.").into()
}
