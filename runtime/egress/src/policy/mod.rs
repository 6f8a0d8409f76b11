//! Decides which addresses may be reached. Does no I/O: addresses come from a URL or from a resolver.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::addresses::{destinations, special};
use crate::config::{BadRange, EgressConfig};
use crate::target::Target;

/// The settings, parsed. An address in `denied` is forbidden; one in a special range is forbidden unless `allowed`
/// holds it.
#[derive(Debug)]
pub(crate) struct Policy {
    denied: Vec<IpNet>,
    allowed: Vec<IpNet>,
    special: Vec<(IpNet, &'static str)>,
}

/// An address that must not be reached, with the host that led to it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{host} is {address}, which is {why}")]
pub struct ForbiddenAddress {
    /// The host of the URL in its normal form.
    pub host: String,
    /// The address.
    pub address: IpAddr,
    /// Why it is forbidden.
    pub why: Objection,
}

/// Why an address must not be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// It lies in a special range; a word for that range, like `loopback`.
    #[error("in a special range ({0})")]
    Special(&'static str),
    /// `egress.deny_cidrs` covers it.
    #[error("denied by a setting")]
    Denied,
}

impl Policy {
    pub(crate) fn new(config: &EgressConfig) -> Result<Policy, BadRange> {
        let special = if config.allow_private { Vec::new() } else { special() };
        Ok(Policy { denied: config.denied()?, allowed: config.allowed()?, special })
    }

    /// Refuses a URL whose host has known addresses without a look-up, if all of them are forbidden.
    pub(crate) fn check_literal(&self, target: &Target) -> Result<(), ForbiddenAddress> {
        let mut refused = Ok(());
        for address in target.named().known_addresses() {
            refused = self.check(&target.host(), address);
            if refused.is_ok() {
                break;
            }
        }
        refused
    }

    /// The addresses of `host` in their normal form, in order, without duplicates. `Err` if one of them is forbidden.
    pub(crate) fn vet(&self, host: &str, addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>, ForbiddenAddress> {
        let mut vetted = Vec::with_capacity(addresses.len());
        for address in addresses {
            self.check(host, address)?;
            let address = address.to_canonical();
            if !vetted.contains(&address) {
                vetted.push(address);
            }
        }
        Ok(vetted)
    }

    fn check(&self, host: &str, address: IpAddr) -> Result<(), ForbiddenAddress> {
        match destinations(address).into_iter().find_map(|address| self.objection(address)) {
            Some(why) => Err(ForbiddenAddress { host: host.to_owned(), address, why }),
            None => Ok(()),
        }
    }

    /// Why one address is forbidden, without regard to addresses embedded in it. `None`: it is not.
    fn objection(&self, address: IpAddr) -> Option<Objection> {
        let covers = |ranges: &[IpNet]| ranges.iter().any(|range| range.contains(&address));
        if covers(&self.denied) {
            return Some(Objection::Denied);
        }
        if covers(&self.allowed) {
            return None;
        }
        self.special.iter().find(|(range, _)| range.contains(&address)).map(|(_, kind)| Objection::Special(kind))
    }
}

#[cfg(test)]
mod tests;
