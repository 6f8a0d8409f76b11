//! The settings below `egress.`. The caller supplies the values; this crate reads no files and no environment.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

/// Where requests may go. A range looks like `10.0.0.0/8` or `fd00::/8`; a single address needs no prefix length.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct EgressConfig {
    /// Whether loopback, private, link-local and all other special addresses may be reached, including the metadata
    /// service of a cloud. Default false.
    pub allow_private: bool,
    /// Special addresses that may be reached even if `allow_private` is false. Default none.
    pub allow_cidrs: Vec<String>,
    /// Addresses that must not be reached, regardless of the other settings. Default none.
    pub deny_cidrs: Vec<String>,
}

/// A setting holds a text that is not an address range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("egress.{setting}[{index}] is `{value}`; it must be a range of addresses like 10.0.0.0/8 or fd00::/8")]
pub struct BadRange {
    /// `allow_cidrs` or `deny_cidrs`.
    pub setting: &'static str,
    /// Counted from 0.
    pub index: usize,
    /// The text.
    pub value: String,
}

impl EgressConfig {
    /// Checks that every range can be parsed. `Err` is the first that cannot.
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
    if text.contains('/') {
        text.parse().ok().map(canonical)
    } else {
        text.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()))
    }
}

/// Turns a range of IPv4-mapped IPv6 addresses into IPv4, because addresses are compared in that form.
fn canonical(range: IpNet) -> IpNet {
    let mapped: Ipv6Net = "::ffff:0:0/96".parse().expect("a valid range");
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
    fn a_text_that_is_not_a_range_is_reported_with_its_position() {
        for bad in ["10.0.0.0/33", "10.0.0/8", "fd00::/129", "intranet", "", "10.0.0.0/", "/8", "10.0.0.1-10.0.0.9"] {
            let allowed = EgressConfig { allow_cidrs: vec!["10.0.0.0/8".into(), bad.into()], ..Default::default() };
            let refused = BadRange { setting: "allow_cidrs", index: 1, value: bad.into() };
            assert_eq!(allowed.check(), Err(refused));
            let denied = EgressConfig { deny_cidrs: vec![bad.into()], ..Default::default() };
            assert_eq!(denied.check(), Err(BadRange { setting: "deny_cidrs", index: 0, value: bad.into() }));
        }
    }

    #[test]
    fn a_range_may_be_written_in_several_forms() {
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
