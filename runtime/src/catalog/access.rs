//! Who may read and invoke what: looks up what the rules of the gate need to know of packages. REST contract §1.4, §7.4.

use std::collections::BTreeSet;

use wask_model::{Collection, Failure, FullName, Identity, messages};

use super::Catalog;
use super::packages::{LONGEST_WAY, as_package};
use crate::gate::rights::{self, SYSTEM};

/// Something that a request needs besides what its URL names.
#[derive(Clone, Copy, Debug)]
pub enum RequiredAccess<'a> {
    /// An action, to be read or invoked: the owner's, or one in a package that may be used.
    Action(&'a FullName),
    /// A package or binding, to be read.
    Package(&'a FullName),
    /// An entity that is never shared.
    Own(&'a FullName),
}

impl RequiredAccess<'_> {
    /// What the refusal calls it: the right to a packaged action is that to its package.
    fn resource(self) -> String {
        match self {
            RequiredAccess::Action(name) => name.package_name().unwrap_or_else(|| name.clone()).to_string(),
            RequiredAccess::Package(name) | RequiredAccess::Own(name) => name.to_string(),
        }
    }
}

impl Catalog {
    /// Whether the identity may invoke this action. 403; 404 and 409 when the package is missing or none in the
    /// identity's own namespace. The action itself may still be missing.
    pub async fn may_invoke(&self, identity: &Identity, action: &FullName) -> Result<(), Failure> {
        self.may_use(identity, &[RequiredAccess::Action(action)]).await
    }

    /// The same for several resources; one 403 names all that are refused.
    pub async fn may_use(&self, identity: &Identity, needed: &[RequiredAccess<'_>]) -> Result<(), Failure> {
        let mut refused = BTreeSet::new();
        for resource in needed {
            if !self.allows(identity, *resource).await? {
                refused.insert(resource.resource());
            }
        }
        rights::refuse(refused)
    }

    /// Whether the identity may be shown this action. Like [`Catalog::may_invoke`], unless the shared packages of others
    /// are there for invoking only.
    pub async fn may_read_action(&self, identity: &Identity, action: &FullName) -> Result<(), Failure> {
        self.may_invoke(identity, action).await?;
        let Some(package) = action.package_name().filter(|_| self.shared_packages_execute_only) else { return Ok(()) };
        let resolved = self.resolve_package(&package).await?;
        if is_shown(identity, &resolved.provider) {
            return Ok(());
        }
        Err(Failure::Forbidden(match resolved.binding {
            Some(_) => messages::get_in_shared_binding(action),
            None => messages::get_in_shared_package(&package),
        }))
    }

    /// Whether the identity may be shown this package or binding and the list of what it holds.
    pub async fn may_read_package(&self, identity: &Identity, package: &FullName) -> Result<(), Failure> {
        self.may_use(identity, &[RequiredAccess::Package(package)]).await?;
        if !self.shared_packages_execute_only {
            return Ok(());
        }
        let resolved = self.resolve_package(package).await?;
        if is_shown(identity, &resolved.provider) {
            return Ok(());
        }
        Err(Failure::Forbidden(match resolved.binding {
            Some(binding) => messages::get_of_shared_binding(&binding),
            None => messages::get_of_shared_package(package),
        }))
    }

    async fn allows(&self, identity: &Identity, needed: RequiredAccess<'_>) -> Result<bool, Failure> {
        match needed {
            RequiredAccess::Own(name) => Ok(rights::owns(identity, &name.namespace)),
            RequiredAccess::Package(name) => self.allows_package(identity, name).await,
            RequiredAccess::Action(name) => match name.package_name() {
                None => Ok(rights::owns(identity, &name.namespace)),
                Some(package) => self.allows_package(identity, &package).await.map_err(|failure| match failure {
                    Failure::NotFound(_) => Failure::not_found(), // without the package's name
                    other => other,
                }),
            },
        }
    }

    /// Every package on the way to the provider must be one that the identity may use. What is missing in its own
    /// namespace is missing; in another one nothing tells that.
    async fn allows_package(&self, identity: &Identity, name: &FullName) -> Result<bool, Failure> {
        let mut at = name.clone();
        for _ in 0..LONGEST_WAY {
            let own = rights::owns(identity, &at.namespace);
            let stored = match self.get(&at, Collection::Packages).await {
                Err(Failure::NotFound(_) | Failure::Conflict(_)) if !own => return Ok(false),
                Err(Failure::NotFound(_)) => return Err(Failure::NotFound(messages::package_missing(&at))),
                found => found?,
            };
            let package = as_package(&stored)?;
            match &package.binding {
                _ if !rights::may_use(identity, package) => return Ok(false),
                None => return Ok(true),
                Some(binding) => at = binding.package.clone(),
            }
        }
        Err(Failure::Unprocessable(messages::binding_circular(name)))
    }
}

/// What is built in is shown to everybody, whatever the settings say: there is nothing in it to hide.
fn is_shown(identity: &Identity, provider: &FullName) -> bool {
    rights::owns(identity, &provider.namespace) || provider.namespace.as_str() == SYSTEM
}
