//! For whom a guest acts. guest.md §4.
//!
//! Whoever invokes a shared action trusts its author with the arguments and no more. So a guest from another namespace
//! may use the actions of its own package only, unless its annotation says that it acts for whoever invokes it.

use wask_model::annotations::keys;
use wask_model::{Failure, FullName, Identity, messages, truthy};

use crate::catalog::ActionEntry;

/// What the guest of a run may do for the identity that the run acts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authority {
    /// Everything that the identity may do.
    Full,
    /// To invoke the actions of the package that provides the action, through the same binding or directly.
    Package { action: FullName, binding: Option<FullName> },
}

impl Authority {
    pub fn of(entry: &ActionEntry, identity: &Identity) -> Authority {
        let is_own = entry.action.name.namespace == identity.namespace;
        if is_own || entry.action.annotations.get(keys::PROVIDE_API_KEY).is_some_and(truthy) {
            return Authority::Full;
        }
        Authority::Package { action: entry.action.name.clone(), binding: entry.binding.clone() }
    }

    /// 403 unless the guest may invoke this action.
    pub fn check_invokes(&self, asked: &FullName) -> Result<(), Failure> {
        let Authority::Package { action, binding } = self else { return Ok(()) };
        let package = asked.package_name();
        let is_sibling = package.is_some() && (package == action.package_name() || package == *binding);
        if is_sibling { Ok(()) } else { self.check_full() }
    }

    /// 403 unless the guest may do everything.
    pub fn check_full(&self) -> Result<(), Failure> {
        match self {
            Authority::Full => Ok(()),
            Authority::Package { action, .. } => Err(Failure::Forbidden(messages::acts_for_its_package(action))),
        }
    }
}
