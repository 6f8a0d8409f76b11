//! Sentences about the APIs of the gateway.

use super::quoted;
use crate::Message;

/// The body has no `apidoc`.
pub const DOC_MISSING: &str = "apidoc must be a JSON object";
/// `apidoc` has a document and a base path.
pub const SWAGGER_AND_PATH: &str =
    "swagger and gatewayBasePath are mutually exclusive and cannot be specified together.";
/// `apidoc.swagger` is not a Swagger document.
pub const SWAGGER_MALFORMED: &str = "swagger must be a Swagger 2.0 document in JSON: an object, or its text";
/// The request lacks the base path of the API.
pub const BASE_PATH_REQUIRED: &str = "basepath is required.";
/// The request names an operation without its path.
pub const PATH_REQUIRED: &str = "When specifying an operation, the path is required.";
/// No API of the namespace has a route for this path and method.
pub const ROUTE_NOT_FOUND: &str = "The requested API route does not exist.";

/// A document lacks a member.
pub fn missing(what: &str, field: &str) -> Message {
    format!("{what} is missing the {field} field").into()
}

/// No API has this name or base path.
pub fn not_found(api: &str) -> Message {
    format!("API '{}' does not exist.", quoted(api)).into()
}

/// The API does not have this path.
pub fn path_not_found(api: &str, path: &str) -> Message {
    let (api, path) = (quoted(api), quoted(path));
    format!("API '{api}' does not have the path '{path}'.").into()
}

/// The path does not have this method.
pub fn operation_not_found(api: &str, path: &str, verb: &str) -> Message {
    let (api, path) = (quoted(api), quoted(path));
    format!("API '{api}' does not have the operation '{verb}' of the path '{path}'.").into()
}

/// The method of a route.
pub fn verb_unknown(verb: &str) -> Message {
    format!("'{}' is not a method of an API; use one of get, post, put, patch, delete, head, options.", quoted(verb))
        .into()
}

/// The response type of a route.
pub fn response_type_unknown(given: &str) -> Message {
    format!("'{}' is not a response type; use one of http, json, html, svg, text.", quoted(given)).into()
}

/// A base path or a path is not legal.
pub fn path_malformed(path: &str) -> Message {
    format!(
        "The path '{}' of an API is malformed: it must begin with a slash and have segments like 'books' or '{{isbn}}'.",
        quoted(path)
    )
    .into()
}

/// A base path has a parameter.
pub fn base_path_parameters(path: &str) -> Message {
    format!("The base path '{}' of an API cannot have parameters.", quoted(path)).into()
}

/// A base path or a path has `length` bytes.
pub fn path_too_long(length: usize, limit: usize) -> Message {
    format!("The path of an API is longer than allowed: {length} > {limit} bytes.").into()
}

/// A name or secret has `length` characters.
pub fn text_length(field: &str, length: usize, limit: usize) -> Message {
    format!("{field} must have 1 to {limit} characters, it has {length}.").into()
}

/// An operation of a Swagger document does not name a web action.
pub fn operation_without_action(path: &str, verb: &str) -> Message {
    let path = quoted(path);
    format!(
        "The operation '{verb}' of the path '{path}' names no action: x-openwhisk with namespace and action is missing."
    )
    .into()
}

/// The namespace would have `count` routes.
pub fn too_many_routes(count: u64, limit: u64) -> Message {
    format!("The namespace would have more API routes than allowed: {count} > {limit}.").into()
}
