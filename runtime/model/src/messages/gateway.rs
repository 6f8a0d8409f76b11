//! What is said of the APIs of the gateway.

use crate::Message;

pub const DOC_MISSING: &str = "apidoc must be a JSON object";
pub const SWAGGER_AND_PATH: &str =
    "swagger and gatewayBasePath are mutually exclusive and cannot be specified together.";
pub const SWAGGER_MALFORMED: &str = "swagger must be a Swagger 2.0 document in JSON: an object, or its text";
pub const BASE_PATH_REQUIRED: &str = "basepath is required.";
pub const PATH_REQUIRED: &str = "When specifying an operation, the path is required.";
pub const ROUTE_NOT_FOUND: &str = "The requested API route does not exist.";

pub fn missing(what: &str, field: &str) -> Message {
    format!("{what} is missing the {field} field").into()
}

pub fn not_found(api: &str) -> Message {
    format!("API '{api}' does not exist.").into()
}

pub fn path_not_found(api: &str, path: &str) -> Message {
    format!("API '{api}' does not have the path '{path}'.").into()
}

pub fn operation_not_found(api: &str, path: &str, verb: &str) -> Message {
    format!("API '{api}' does not have the operation '{verb}' of the path '{path}'.").into()
}

pub fn verb_unknown(verb: &str) -> Message {
    format!("'{verb}' is not a method of an API; use one of get, post, put, patch, delete, head, options.").into()
}

pub fn response_type_unknown(given: &str) -> Message {
    format!("'{given}' is not a response type; use one of http, json, html, svg, text.").into()
}

pub fn path_malformed(path: &str) -> Message {
    format!("The path '{path}' of an API is malformed: it must begin with a slash and have segments like 'books' or '{{isbn}}'.")
        .into()
}

pub fn base_path_parameters(path: &str) -> Message {
    format!("The base path '{path}' of an API cannot have parameters.").into()
}

pub fn path_too_long(length: usize, limit: usize) -> Message {
    format!("The path of an API is longer than allowed: {length} > {limit} bytes.").into()
}

pub fn text_length(field: &str, length: usize, limit: usize) -> Message {
    format!("{field} must have 1 to {limit} characters, it has {length}.").into()
}

pub fn operation_without_action(path: &str, verb: &str) -> Message {
    format!(
        "The operation '{verb}' of the path '{path}' names no action: x-openwhisk with namespace and action is missing."
    )
    .into()
}

pub fn too_many_routes(count: u64, limit: u64) -> Message {
    format!("The namespace would have more API routes than allowed: {count} > {limit}.").into()
}
