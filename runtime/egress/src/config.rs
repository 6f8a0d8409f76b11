//! The settings below `egress.`. Values come from the caller; this crate reads no files and no environment.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

/// Where requests may go. A range is written `10.0.0.0/8` or `fd00::/8`; a single address needs no prefix length.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct EgressConfig {
    /// Whether loopback, private, link-local and all other special addresses may be reached; a cloud's metadata service
    /// is one of them. Default false.
    pub allow_private: bool,
    /// Special addresses that may be reached all the same. Default none.
    pub allow_cidrs: Vec<String>,
    /// Addresses that must not be reached whatever else is set. Default none.
    pub deny_cidrs: Vec<String>,
}

/// A text that is no range of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("egress.{setting}[{index}] is `{value}`; it must be a range of addresses like 10.0.0.0/8 or fd00::/8")]
pub struct BadRange {
    /// `allow_cidrs` or `deny_cidrs`.
    pub setting: &'static str,
    /// Counted from 0.
    pub index: usize,
    pub value: String,
}

impl EgressConfig {
    /// Whether every range can be read; `Err` is the first that cannot.
    pub fn check(&self) -> Result<(), BadRange> {
        self.allowed().and(self.denied()).map(drop)
    }

    pub(crate) fn allowed(&self) -> Result<Vec<IpNet>, BadRange> {
        read_all("allow_cidrs", &self.allow_cidrs)
    }

    pub(crate) fn denied(&self) -> Result<Vec<IpNet>, BadRange> {
        read_all("deny_cidrs", &self.deny_cidrs)
    }
}

fn read_all(setting: &'static str, texts: &[String]) -> Result<Vec<IpNet>, BadRange> {
    let read =
        |(index, text): (usize, &String)| read(text).ok_or_else(|| BadRange { setting, index, value: text.clone() });
    texts.iter().enumerate().map(read).collect()
}

fn read(text: &str) -> Option<IpNet> {
    match text.contains('/') {
        true => text.parse().ok().map(canonical),
        false => text.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical())),
    }
}

/// A range of IPv4 addresses in IPv6 form, as IPv4: that is how addresses are looked at.
fn canonical(range: IpNet) -> IpNet {
    let mapped: Ipv6Net = "::ffff:0:0/96".parse().expect("a range of our own");
    match range {
        IpNet::V6(range) if mapped.contains(&range) => {
            let address = range.addr().to_ipv4_mapped().expect("it lies in the mapped range");
            IpNet::V4(Ipv4Net::new(address, range.prefix_len() - 96).expect("96 to 128 less 96"))
        }
        IpNet::V4(_) | IpNet::V6(_) => range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_no_range_is_reported_with_its_place() {
        for bad in ["10.0.0.0/33", "10.0.0/8", "fd00::/129", "intranet", "", "10.0.0.0/", "/8", "10.0.0.1-10.0.0.9"] {
            let allowed = EgressConfig { allow_cidrs: vec!["10.0.0.0/8".into(), bad.into()], ..Default::default() };
            let refused = BadRange { setting: "allow_cidrs", index: 1, value: bad.into() };
            assert_eq!(allowed.check(), Err(refused));
            let denied = EgressConfig { deny_cidrs: vec![bad.into()], ..Default::default() };
            assert_eq!(denied.check(), Err(BadRange { setting: "deny_cidrs", index: 0, value: bad.into() }));
        }
    }

    #[test]
    fn a_range_is_read_in_each_of_its_forms() {
        for (text, range) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.1.2.3", "10.1.2.3/32"),
            ("fd00::/8", "fd00::/8"),
            ("::1", "::1/128"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:10.0.0.1", "10.0.0.1/32"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(read(text), Some(range.parse().unwrap()), "{text}");
        }
    }
}
