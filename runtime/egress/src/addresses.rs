//! What an IP address stands for: the special ranges of the address space, and the IPv4 addresses in IPv6 addresses.
//! Sources: IANA's registries of special-purpose addresses (RFC 6890 and its updates), feeds.md §C.9.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Address ranges that no public server has, with a word for each.
const SPECIAL: &[(&str, &str)] = &[
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared by a provider"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"), // the metadata service of clouds, 169.254.169.254, holds secrets
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "protocol assignments"),
    ("192.0.2.0/24", "documentation"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "benchmarks"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"), // and 255.255.255.255, broadcast
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("64:ff9b:1::/48", "local translation to IPv4"),
    ("100::/64", "discarded"),
    ("2001:2::/48", "benchmarks"),
    ("2001:db8::/32", "documentation"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "segment routing"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
];

/// The special ranges, parsed.
pub(crate) fn special() -> Vec<(IpNet, &'static str)> {
    let read = |(range, kind): &(&str, &'static str)| (range.parse().expect("the table holds valid ranges"), *kind);
    SPECIAL.iter().map(read).collect()
}

/// Every address that packets to `address` may reach: itself, and the IPv4 addresses that a translator or a tunnel
/// takes from it. An IPv4-mapped IPv6 address is its IPv4 address only.
pub(crate) fn destinations(address: IpAddr) -> Vec<IpAddr> {
    let address = address.to_canonical();
    let mut destinations = vec![address];
    if let IpAddr::V6(address) = address {
        destinations.extend(embedded(address).into_iter().map(IpAddr::V4));
    }
    destinations
}

/// The IPv4 addresses in an IPv6 address that is not IPv4-mapped.
fn embedded(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let at = |segment: usize| {
        let [high, low] = [address.segments()[segment], address.segments()[segment + 1]];
        Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => vec![],
        [0, 0, 0, 0, 0, 0, _, _] => vec![at(6)], // IPv4-compatible, RFC 4291 §2.5.5.1
        [0, 0, 0, 0, 0xffff, 0, _, _] => vec![at(6)], // IPv4-translated, RFC 2765 §2.1
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => vec![at(6)], // NAT64, RFC 6052 §2.1
        [0x64, 0xff9b, 1, ..] => vec![at(6)],    // local NAT64, RFC 8215, with a prefix of 96 bits
        [0x2002, ..] => vec![at(1)],             // 6to4, RFC 3056 §2
        [0x2001, 0, ..] => vec![at(2), Ipv4Addr::from_bits(!at(6).to_bits())], // Teredo, RFC 4380 §4: server, client
        _ => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_leads_to_the_ipv4_addresses_in_it() {
        for (address, expected) in [
            ("1.2.3.4", &["1.2.3.4"][..]),
            ("::ffff:1.2.3.4", &["1.2.3.4"]),
            ("::1.2.3.4", &["::1.2.3.4", "1.2.3.4"]),
            ("::ffff:0:1.2.3.4", &["::ffff:0:1.2.3.4", "1.2.3.4"]),
            ("64:ff9b::1.2.3.4", &["64:ff9b::1.2.3.4", "1.2.3.4"]),
            ("64:ff9b:1::1.2.3.4", &["64:ff9b:1::1.2.3.4", "1.2.3.4"]),
            ("2002:102:304:5::6", &["2002:102:304:5::6", "1.2.3.4"]),
            ("2001:0:102:304::fefd:fcfb", &["2001:0:102:304::fefd:fcfb", "1.2.3.4", "1.2.3.4"]),
            ("::", &["::"]),
            ("::1", &["::1"]),
            ("2606:4700::1111", &["2606:4700::1111"]),
        ] {
            let expected: Vec<IpAddr> = expected.iter().map(|address| address.parse().unwrap()).collect();
            assert_eq!(destinations(address.parse().unwrap()), expected, "{address}");
        }
    }
}
