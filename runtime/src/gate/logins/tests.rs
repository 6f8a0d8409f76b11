use super::*;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_900_000_020_000 + ms) // a full minute
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn logins(failures_per_address: u32, failures_per_uuid: u32) -> Logins {
    Logins::new(LoginConfig { failures_per_address, failures_per_uuid })
}

#[test]
fn an_address_with_too_many_failures_is_refused_until_the_next_minute() {
    let logins = logins(2, 0);
    let (bad, good) = (address("10.0.0.1"), address("10.0.0.2"));
    for _ in 0..2 {
        logins.may_ask(bad, at(0)).unwrap();
        logins.failed(bad, "u", at(0)).unwrap();
    }
    let Err(Failure::Throttled { message, retry_after }) = logins.may_ask(bad, at(45_000)) else { panic!("admitted") };
    assert_eq!(message, "Too many failed logins in the last minute (count: 3, allowed: 2).");
    assert_eq!(retry_after.as_secs(), 15);
    logins.may_ask(good, at(45_000)).unwrap();
    logins.may_ask(bad, at(60_000)).unwrap();
}

#[test]
fn wrong_keys_of_one_uuid_count_together_from_all_addresses() {
    let logins = logins(0, 2);
    for n in 0..2 {
        logins.failed(address(&format!("10.0.0.{n}")), "u-1", at(0)).unwrap();
    }
    assert!(logins.failed(address("10.0.0.9"), "u-1", at(0)).is_err());
    logins.failed(address("10.0.0.9"), "u-2", at(0)).unwrap();
    logins.may_ask(address("10.0.0.9"), at(0)).unwrap();
}

#[test]
fn an_ipv6_network_and_a_mapped_address_each_count_as_one_address() {
    let logins = logins(1, 0);
    logins.failed(address("2001:db8:0:1::1"), "u", at(0)).unwrap();
    logins.failed(address("::ffff:10.0.0.1"), "u", at(0)).unwrap();
    assert!(logins.may_ask(address("2001:db8:0:1:ffff::2"), at(0)).is_err());
    assert!(logins.may_ask(address("10.0.0.1"), at(0)).is_err());
    logins.may_ask(address("2001:db8:0:2::1"), at(0)).unwrap();
}

#[test]
fn failures_of_many_addresses_do_not_count_for_another() {
    let logins = logins(3, 0);
    for n in 0..1000_u32 {
        logins.failed(IpAddr::V4(n.into()), "u", at(0)).unwrap();
    }
    let refused = (1000..2000_u32).filter(|n| logins.may_ask(IpAddr::V4((*n).into()), at(0)).is_err());
    assert_eq!(refused.count(), 0);
}

#[test]
fn a_limit_of_zero_never_refuses() {
    let logins = logins(0, 0);
    for _ in 0..1000 {
        logins.failed(address("10.0.0.1"), "u", at(0)).unwrap();
        logins.may_ask(address("10.0.0.1"), at(0)).unwrap();
    }
}
