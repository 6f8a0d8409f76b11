use super::*;
use proptest::prelude::*;
use std::net::{Ipv4Addr, Ipv6Addr};

fn policy(allow: &[&str], deny: &[&str]) -> Policy {
    let texts = |ranges: &[&str]| ranges.iter().map(|range| range.to_string()).collect();
    let config = EgressConfig { allow_private: false, allow_cidrs: texts(allow), deny_cidrs: texts(deny) };
    Policy::new(&config).unwrap()
}

fn check(policy: &Policy, address: &str) -> Result<(), Objection> {
    policy.check("a.example", address.parse().unwrap()).map_err(|forbidden| forbidden.why)
}

/// The first and the last address of every special range.
fn borders() -> Vec<IpAddr> {
    special().into_iter().flat_map(|(range, _)| [range.network(), range.broadcast()]).collect()
}

/// An IPv4 address in every IPv6 form that leads to it.
fn spellings(address: Ipv4Addr) -> Vec<Ipv6Addr> {
    let bits = u128::from(address.to_bits());
    let prefix = |text: &str| text.parse::<Ipv6Addr>().unwrap().to_bits();
    [
        prefix("::ffff:0:0") | bits,
        bits,
        prefix("::ffff:0:0:0") | bits,
        prefix("64:ff9b::") | bits,
        prefix("64:ff9b:1::") | bits,
        prefix("64:ff9b:1:2:3:4::") | bits,
        prefix("2002::") | bits << 80,
        prefix("2002:0:0:1::1") | bits << 80,
        prefix("2001::") | bits << 64 | 0xf7f7_f7f7, // Teredo's server; the client is 8.8.8.8
        prefix("2001:0:808:808::") | !bits & 0xffff_ffff, // Teredo's client
    ]
    .map(Ipv6Addr::from_bits)
    .to_vec()
}

#[test]
fn every_special_range_is_denied_from_its_first_to_its_last_address() {
    let policy = policy(&[], &[]);
    for address in borders() {
        assert!(policy.check("a.example", address).is_err(), "{address}");
    }
}

#[test]
fn the_neighbours_of_the_special_ranges_may_be_reached() {
    let policy = policy(&[], &[]);
    for address in [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700::1111",
        "64:ff9b::8.8.8.8",
        "::ffff:8.8.8.8",
        "2002:808:808::1",
        "fbff::",
        "fe7f::",
    ] {
        assert_eq!(check(&policy, address), Ok(()), "{address}");
    }
}

#[test]
fn an_allowed_range_opens_nothing_but_itself() {
    let policy = policy(&["127.0.0.2", "10.1.0.0/16", "fd00::/8"], &[]);
    for open in ["127.0.0.2", "::ffff:127.0.0.2", "10.1.2.3", "64:ff9b::10.1.2.3", "fd00::1", "8.8.8.8"] {
        assert_eq!(check(&policy, open), Ok(()), "{open}");
    }
    for (shut, kind) in [("127.0.0.1", "loopback"), ("10.2.0.0", "private"), ("fc00::1", "private")] {
        assert_eq!(check(&policy, shut), Err(Objection::Special(kind)), "{shut}");
    }
}

#[test]
fn allowing_a_translator_does_not_allow_the_addresses_it_leads_to() {
    let policy = policy(&["64:ff9b:1::/48", "::/0"], &[]);
    assert_eq!(check(&policy, "64:ff9b:1::8.8.8.8"), Ok(()));
    assert_eq!(check(&policy, "64:ff9b:1::127.0.0.1"), Err(Objection::Special("loopback")));
    assert_eq!(check(&policy, "64:ff9b::10.0.0.1"), Err(Objection::Special("private")));
}

#[test]
fn a_denied_range_wins_over_every_setting_that_allows_it() {
    let deny = ["127.0.0.0/9".to_owned(), "8.8.8.8".to_owned(), "::ffff:9.9.9.0/120".to_owned()].to_vec();
    let allow_cidrs = vec!["0.0.0.0/0".to_owned(), "::/0".to_owned()];
    let config = EgressConfig { allow_private: true, allow_cidrs, deny_cidrs: deny };
    let policy = Policy::new(&config).unwrap();
    for shut in ["127.0.0.1", "8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "9.9.9.9"] {
        assert_eq!(check(&policy, shut), Err(Objection::Denied), "{shut}");
    }
    for open in ["127.128.0.1", "10.0.0.1", "169.254.169.254", "::1"] {
        assert_eq!(check(&policy, open), Ok(()), "{open}");
    }
}

#[test]
fn localhost_is_refused_unless_one_of_its_addresses_is_allowed() {
    let parse = |text| Target::parse(text).unwrap();
    for name in ["http://localhost", "http://LOCALHOST.:8080", "https://a.b.localhost/"] {
        assert!(policy(&[], &[]).check_literal(&parse(name)).is_err(), "{name}");
        assert!(policy(&["127.0.0.0/8"], &[]).check_literal(&parse(name)).is_ok(), "{name}");
        assert!(policy(&["::1"], &[]).check_literal(&parse(name)).is_ok(), "{name}");
    }
    assert!(policy(&[], &[]).check_literal(&parse("http://notlocalhost")).is_ok());
}

proptest! {
    #[test]
    fn a_forbidden_ipv4_address_is_forbidden_in_each_ipv6_form(bits in any::<u32>(), at in any::<prop::sample::Index>()) {
        let policy = policy(&[], &[]);
        let v4: Vec<_> = special().into_iter().filter(|(range, _)| range.addr().is_ipv4()).collect();
        let (range, _) = v4[at.index(v4.len())];
        let IpNet::V4(range) = range else { unreachable!("filtered") };
        let address = Ipv4Addr::from_bits(range.network().to_bits() | bits & range.hostmask().to_bits());
        prop_assert!(policy.check("a.example", address.into()).is_err());
        for spelling in spellings(address) {
            prop_assert!(policy.check("a.example", spelling.into()).is_err(), "{spelling}");
            let target = Target::parse(&format!("http://[{spelling}]/")).unwrap();
            prop_assert!(policy.check_literal(&target).is_err(), "{target}");
        }
    }

    #[test]
    fn an_allowed_address_is_dialled_in_its_normal_form(bits in any::<u32>()) {
        let policy = policy(&["0.0.0.0/0"], &[]);
        let address = Ipv4Addr::from_bits(bits);
        let both = vec![IpAddr::V4(address), IpAddr::V6(address.to_ipv6_mapped())];
        prop_assert_eq!(policy.vet("a.example", both), Ok(vec![IpAddr::V4(address)]));
    }
}
