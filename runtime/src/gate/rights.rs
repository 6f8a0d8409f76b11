//! Which resources an identity may touch. REST contract §1.4.

use wask_model::{Failure, FullName, Identity, NamespaceName, messages};

/// The namespace of what is built into the server: readable and invocable by everybody, writable by nobody.
pub const SYSTEM: &str = "whisk.system";

/// A collection of a namespace: the namespace's own identity only.
pub fn own_namespace(identity: &Identity, namespace: &NamespaceName) -> Result<(), Failure> {
    if identity.namespace == *namespace { Ok(()) } else { Err(refused(namespace.to_string())) }
}

/// Reading or invoking an entity: the owner, and for packaged ones of the system everybody.
pub fn read(identity: &Identity, name: &FullName) -> Result<(), Failure> {
    if identity.namespace == name.namespace || name.namespace.as_str() == SYSTEM {
        return Ok(());
    }
    Err(refused(name.package_name().unwrap_or_else(|| name.clone()).to_string()))
}

/// Reading or invoking several entities: a refusal names all that are refused, sorted.
pub fn read_all(identity: &Identity, names: &[FullName]) -> Result<(), Failure> {
    let mut refused: Vec<String> = names
        .iter()
        .filter(|name| read(identity, name).is_err())
        .map(|name| name.package_name().unwrap_or_else(|| (*name).clone()).to_string())
        .collect();
    refused.sort_unstable();
    refused.dedup();
    if refused.is_empty() { Ok(()) } else { Err(Failure::Forbidden(messages::not_authorized(&refused))) }
}

/// Creating, changing or deleting an entity: the owner.
pub fn write(identity: &Identity, name: &FullName) -> Result<(), Failure> {
    if identity.namespace == name.namespace { Ok(()) } else { Err(refused(name.to_string())) }
}

fn refused(resource: String) -> Failure {
    Failure::Forbidden(messages::not_authorized(&[resource]))
}
