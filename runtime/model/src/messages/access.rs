//! Names, authentication and rights. rest.md §1.2 to §1.4.

use super::quoted;
use crate::{FullName, Message};

/// An entity's name has a character that no name may have.
pub const ENTITY_NAME_ILLEGAL: &str = "The name of the entity contains illegal characters.";
/// A namespace's name has a character that no name may have.
pub const NAMESPACE_ILLEGAL: &str = "The namespace contains illegal characters.";
/// A path in a body is a bare name.
pub const NAME_NOT_QUALIFIED: &str = "requirement failed: The fully qualified name of the entity must contain at least \
the namespace and the name of the entity.";
/// A path in a body has too many segments or illegal names.
pub const PATH_MALFORMED: &str =
    "the path is malformed: it must be 'namespace/name' or 'namespace/package/name' with legal names";

/// An entity's name has `length` characters.
pub fn entity_name_too_long(length: usize) -> Message {
    format!("Name segement longer than allowed: {length} > 256.").into()
}

/// A namespace's name has `length` characters.
pub fn namespace_too_long(length: usize) -> Message {
    format!("Namespace longer than allowed: {length} > 256.").into()
}

/// The request has no credentials.
pub const AUTHENTICATION_MISSING: &str =
    "The resource requires authentication, which was not supplied with the request";
/// The credentials are malformed or wrong.
pub const AUTHENTICATION_INVALID: &str = "The supplied authentication is invalid";
/// A web action demands credentials that the request does not have.
pub const AUTHENTICATION_FAILED: &str = "Authentication is possible but has failed or not yet been provided.";
/// The caller may not use this namespace or collection.
pub const FORBIDDEN: &str = "The supplied authentication is not authorized to access this resource.";
/// The caller tries to change the server's own namespace.
pub const SYSTEM_NAMESPACE: &str = "The namespace 'whisk.system' is built into the server and cannot be changed.";

/// The caller may not use these `resources`.
pub fn not_authorized(resources: &[String]) -> Message {
    format!("The supplied authentication is not authorized to access '{}'.", quoted(resources.join(", "))).into()
}

/// The guest of an action from another namespace asks for something outside its package.
pub fn acts_for_its_package(action: &FullName) -> Message {
    let action = quoted(action);
    format!(
        "The action '{action}' belongs to another namespace, so it may invoke the actions of its own package only; to act \
         for the namespace that invokes it, it needs the annotation 'provide-api-key: true'."
    )
    .into()
}

/// The operator does not allow this `kind` of action in the namespace.
pub fn kind_not_authorized(kind: &str) -> Message {
    format!("The supplied authentication is not authorized to access actions of kind '{}'.", quoted(kind)).into()
}
