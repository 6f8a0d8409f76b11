//! Decides who may read and invoke what: looks up the packages that the rules of the gate depend on. rest.md
//! §1.4, §7.4.

use std::collections::BTreeSet;

use wask_model::{Collection, Failure, FullName, Identity, messages};

use super::Catalog;
use super::packages::{LONGEST_WAY, as_package};
use crate::gate::rights::{self, SYSTEM};

/// An access that a request needs in addition to the entity in its URL.
#[derive(Clone, Copy, Debug)]
pub enum RequiredAccess<'a> {
    /// To read or invoke an action: one of the identity's own, or one in a package that it may use.
    Action(&'a FullName),
    /// To read a package or binding.
    Package(&'a FullName),
    /// To use an entity that is never shared.
    Own(&'a FullName),
}

impl RequiredAccess<'_> {
    /// The name in a refusal. For a packaged action it is the package, because the right to it decides.
    fn resource(self) -> String {
        match self {
            RequiredAccess::Action(name) => name.package_name().unwrap_or_else(|| name.clone()).to_string(),
            RequiredAccess::Package(name) | RequiredAccess::Own(name) => name.to_string(),
        }
    }
}

impl Catalog {
    /// Whether the identity may invoke this action. 403 if not; in its own namespace 404 if the package is missing and
    /// 409 if the name is not a package. The action itself may still be missing.
    pub async fn may_invoke(&self, identity: &Identity, action: &FullName) -> Result<(), Failure> {
        self.may_use(identity, &[RequiredAccess::Action(action)]).await
    }

    /// Like [`Catalog::may_invoke`], for several resources. One 403 lists all that are refused.
    pub async fn may_use(&self, identity: &Identity, needed: &[RequiredAccess<'_>]) -> Result<(), Failure> {
        let mut refused = BTreeSet::new();
        for resource in needed {
            if !self.allows(identity, *resource).await? {
                refused.insert(resource.resource());
            }
        }
        rights::refuse(refused)
    }

    /// Whether the identity may read this action. Like [`Catalog::may_invoke`], unless the settings allow other
    /// namespaces to invoke shared packages only.
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

    /// Whether the identity may read this package or binding and the list of its actions.
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
                    Failure::NotFound(_) => Failure::not_found(), // does not name the package
                    other => other,
                }),
            },
        }
    }

    /// Whether the identity may use every package on the way to the provider. A missing package is reported as missing
    /// in the identity's own namespace only; in another one it looks like a forbidden one.
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

/// Built-in packages are always readable, whatever the settings say: they have nothing to hide.
fn is_shown(identity: &Identity, provider: &FullName) -> bool {
    rights::owns(identity, &provider.namespace) || provider.namespace.as_str() == SYSTEM
}
