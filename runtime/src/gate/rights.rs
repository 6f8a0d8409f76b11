//! Which resources an identity may touch: the rules alone. What they need to know of a package, the catalog looks up.
//! REST contract §1.4.

use wask_model::{Failure, FullName, Identity, NamespaceName, Package, messages};

/// The namespace of what is built into the server: readable and invocable by everybody, writable by nobody.
pub const SYSTEM: &str = "whisk.system";

/// A collection of a namespace: the namespace's own identity only.
pub fn own_namespace(identity: &Identity, namespace: &NamespaceName) -> Result<(), Failure> {
    if owns(identity, namespace) { Ok(()) } else { refuse([namespace.to_string()]) }
}

/// An entity that is never shared: the owner only.
pub fn own_entity(identity: &Identity, name: &FullName) -> Result<(), Failure> {
    if owns(identity, &name.namespace) { Ok(()) } else { refuse([name.to_string()]) }
}

/// Creating, changing or deleting an entity: the owner, and of what is built in nobody.
pub fn write(identity: &Identity, name: &FullName) -> Result<(), Failure> {
    own_entity(identity, name)?;
    match name.namespace.as_str() {
        SYSTEM => Err(Failure::Forbidden(messages::SYSTEM_NAMESPACE.into())),
        _ => Ok(()),
    }
}

/// Whether a package may be read, and what it holds read and invoked: by the owner, and by everybody when it is shared.
/// A binding is as good as the package it points at, which is another question.
pub fn may_use(identity: &Identity, package: &Package) -> bool {
    owns(identity, &package.name.namespace) || package.is_shared()
}

pub fn owns(identity: &Identity, namespace: &NamespaceName) -> bool {
    identity.namespace == *namespace
}

/// 403 with all the names that were refused, in their order; `Ok` when there are none.
pub fn refuse(resources: impl IntoIterator<Item = String>) -> Result<(), Failure> {
    let resources: Vec<String> = resources.into_iter().collect();
    if resources.is_empty() { Ok(()) } else { Err(Failure::Forbidden(messages::not_authorized(&resources))) }
}
