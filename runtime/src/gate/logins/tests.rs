use super::*;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_900_000_020_000 + ms) // a full minute
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn logins(failures_per_address: u32, failures_per_uuid: u32) -> Logins {
    Logins::new(LoginConfig { failures_per_address, failures_per_uuid, ..LoginConfig::default() })
}

/// The wait of the answer, in milliseconds.
fn wait(wrong: WrongKey) -> u128 {
    match wrong {
        WrongKey::Refused(delay) => delay.span.as_millis(),
        WrongKey::Throttled(failure) => panic!("{failure}"),
    }
}

#[test]
fn answers_wait_longer_with_every_failure_up_to_a_bound_until_the_next_minute() {
    let logins = logins(4, 0);
    let (bad, good) = (address("10.0.0.1"), address("10.0.0.2"));
    let waits: Vec<u128> = (0..10).map(|n| wait(logins.failed(bad, &format!("u-{n}"), at(0)))).collect();
    assert_eq!(waits, [0, 0, 0, 0, 500, 1000, 1500, 2000, 2000, 2000]);
    assert_eq!(wait(logins.failed(good, "u-1", at(45_000))), 0);
    assert_eq!(wait(logins.failed(bad, "u-1", at(60_000))), 0);
}

#[test]
fn failures_with_one_uuid_count_for_their_own_address_only() {
    let logins = logins(0, 2);
    let waits: Vec<u128> = (0..4).map(|_| wait(logins.failed(address("10.0.0.1"), "u-1", at(0)))).collect();
    assert_eq!(waits, [0, 0, 1000, 2000]);
    assert_eq!(wait(logins.failed(address("10.0.0.1"), "u-2", at(0))), 0);
    assert_eq!(wait(logins.failed(address("10.0.0.2"), "u-1", at(0))), 0);
}

#[test]
fn an_address_has_as_many_waiting_answers_as_it_leaves_free() {
    let config = LoginConfig { failures_per_address: 1, delayed: 8, ..LoginConfig::default() };
    let logins = Logins::new(config);
    let fail = |from: &str| logins.failed(address(from), "u", at(45_000));
    let (greedy, newcomer) = ("10.0.0.1", "10.0.0.2");
    let mut waiting: Vec<WrongKey> = (0..5).map(|_| fail(greedy)).collect(); // the first does not wait
    let WrongKey::Throttled(Failure::Throttled { message, retry_after }) = fail(greedy) else { panic!("it waits") };
    assert_eq!(message, "Too many failed logins in the last minute (count: 6, allowed: 1).");
    assert_eq!(retry_after.as_secs(), 15);

    waiting.extend([fail(newcomer), fail(newcomer)]);
    assert!(matches!(fail(newcomer), WrongKey::Refused(_)), "half of what is left");
    drop(waiting);
    assert!(matches!(fail(greedy), WrongKey::Refused(_)));
}

#[test]
fn an_ipv6_network_and_a_mapped_address_each_count_as_one_address() {
    let logins = logins(1, 0);
    for first in ["2001:db8:0:1::1", "::ffff:10.0.0.1"] {
        assert_eq!(wait(logins.failed(address(first), "u", at(0))), 0);
    }
    for (second, expected) in [("2001:db8:0:1:ffff::2", 2000), ("10.0.0.1", 2000), ("2001:db8:0:2::1", 0)] {
        assert_eq!(wait(logins.failed(address(second), "u", at(0))), expected, "{second}");
    }
}

#[test]
fn failures_of_many_addresses_do_not_count_for_another() {
    let logins = logins(3, 0);
    for n in 0..1000_u32 {
        wait(logins.failed(IpAddr::V4(n.into()), "u", at(0)));
    }
    let waiting = (1000..2000_u32).filter(|n| wait(logins.failed(IpAddr::V4((*n).into()), "u", at(0))) != 0);
    assert_eq!(waiting.count(), 0);
}

#[test]
fn a_limit_of_zero_never_waits() {
    let logins = logins(0, 0);
    let waits = (0..1000).map(|_| wait(logins.failed(address("10.0.0.1"), "u", at(0))));
    assert_eq!(waits.max(), Some(0));
}
