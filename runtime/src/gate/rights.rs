//! Which resources an identity may read, invoke or write: the rules alone. The catalog looks up the packages that they
//! depend on. rest.md §1.4.

use wask_model::{Failure, FullName, Identity, NamespaceName, Package, messages};

/// The namespace of the built-in entities. Every identity may read and invoke them, none may write them.
pub const SYSTEM: &str = "whisk.system";

/// A collection may be used by the identity of its namespace only.
pub fn own_namespace(identity: &Identity, namespace: &NamespaceName) -> Result<(), Failure> {
    if owns(identity, namespace) { Ok(()) } else { refuse([namespace.to_string()]) }
}

/// An entity that is never shared may be used by its owner only.
pub fn own_entity(identity: &Identity, name: &FullName) -> Result<(), Failure> {
    if owns(identity, &name.namespace) { Ok(()) } else { refuse([name.to_string()]) }
}

/// An entity may be created, changed or deleted by its owner only; a built-in one not at all.
pub fn write(identity: &Identity, name: &FullName) -> Result<(), Failure> {
    own_entity(identity, name)?;
    match name.namespace.as_str() {
        SYSTEM => Err(Failure::Forbidden(messages::SYSTEM_NAMESPACE.into())),
        _ => Ok(()),
    }
}

/// Whether the identity may read the package, and read and invoke its actions: the owner may, and every identity if the
/// package is shared. A caller checks the package that a binding points at separately.
pub fn may_use(identity: &Identity, package: &Package) -> bool {
    owns(identity, &package.name.namespace) || package.is_shared()
}

pub fn owns(identity: &Identity, namespace: &NamespaceName) -> bool {
    identity.namespace == *namespace
}

/// 403 that lists the refused names in the given order; `Ok` if there are none.
pub fn refuse(resources: impl IntoIterator<Item = String>) -> Result<(), Failure> {
    let resources: Vec<String> = resources.into_iter().collect();
    if resources.is_empty() { Ok(()) } else { Err(Failure::Forbidden(messages::not_authorized(&resources))) }
}
