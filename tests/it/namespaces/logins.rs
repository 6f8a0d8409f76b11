//! Failed logins are limited per address and per uuid; callers with the right key are not affected. threats.md T26.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use wask_tests::{Client, TestServer, wat};

/// Sends a request with these credentials from this loopback address and returns its status.
async fn from(address: &str, wask: &TestServer, auth: &str) -> (StatusCode, Option<String>) {
    let address: IpAddr = address.parse().unwrap();
    let http = reqwest::Client::builder().no_proxy().local_address(address).build().unwrap();
    let (uuid, secret) = auth.split_once(':').unwrap();
    let request = http.get(format!("{}/api/v1/namespaces", wask.base())).basic_auth(uuid, Some(secret));
    let answer = request.send().await.unwrap();
    let retry = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    (answer.status(), retry)
}

fn wrong(uuid: &str) -> String {
    format!("{uuid}:{}", "x".repeat(64))
}

fn builder(per_address: u32, per_uuid: u32) -> wask_tests::TestServerBuilder {
    TestServer::builder().clock_by_hand("2030-01-01T00:00:30Z").configure(move |config| {
        config.logins.failures_per_address = per_address;
        config.logins.failures_per_uuid = per_uuid;
    })
}

fn with_wrong_key(me: &Client, uuid: &str) -> Client {
    let mut client = me.clone();
    client.auth = wrong(uuid);
    client
}

/// Guesses keys from this client's address; returns how many guesses got 401 and how many 429.
async fn guess(me: &Client, times: u32) -> (u32, u32) {
    let (mut refused, mut throttled) = (0, 0);
    for n in 0..times {
        let guess = with_wrong_key(me, &format!("uuid-{n}"));
        match guess.get("actions").await.status.as_u16() {
            401 => refused += 1,
            429 => throttled += 1,
            other => panic!("{other}"),
        }
    }
    (refused, throttled)
}

#[tokio::test(flavor = "multi_thread")]
async fn t26_guessing_keys_is_throttled_and_valid_keys_keep_working() {
    let wask = builder(20, 0).start().await;
    let me = wask.guest();
    me.get("actions").await.expect(200);

    assert_eq!(guess(&me, 1000).await, (20, 980));

    let refused = with_wrong_key(&me, "u").get("actions").await.expect(429);
    assert_eq!(refused.error(), "Too many failed logins in the last minute (count: 21, allowed: 20).");
    assert_eq!(refused.header("retry-after"), Some("30"));
    me.get("actions").await.expect(200); // from the guesser's own address, because the node has this key in memory
    assert_eq!(from("127.0.0.2", &wask, &me.auth).await.0, 200);
    assert_eq!(from("127.0.0.2", &wask, &wrong("u")).await.0, 401);

    let other = wask.other("other").await;
    let asked = from("127.0.0.1", &wask, &other.auth).await;
    assert_eq!(asked, (StatusCode::TOO_MANY_REQUESTS, Some("30".into())), "nobody is looked up for this address");
    assert_eq!(from("127.0.0.2", &wask, &other.auth).await.0, 200);
    other.get("actions").await.expect(200); // now in memory

    wask.advance(Duration::from_secs(30));
    assert_eq!(guess(&me, 1).await, (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn t26_guesses_at_a_uuid_count_across_addresses_but_do_not_lock_it_out() {
    let wask = builder(0, 3).start().await;
    let me = wask.guest();
    let (uuid, _) = me.auth.split_once(':').unwrap();
    for (n, expected) in [(2, 401), (3, 401), (4, 401), (5, 429), (6, 429)] {
        let (status, retry) = from(&format!("127.0.0.{n}"), &wask, &wrong(uuid)).await;
        assert_eq!((status.as_u16(), retry.is_some()), (expected, expected == 429), "{n}");
    }
    me.get("actions").await.expect(200);
    assert_eq!(from("127.0.0.5", &wask, &me.auth).await.0, 200);
    assert_eq!(from("127.0.0.5", &wask, &wrong("another")).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn t26_login_throttling_is_on_by_default_and_zero_turns_it_off() {
    let wask = builder(0, 0).start().await;
    assert_eq!(guess(&wask.guest(), 400).await, (400, 0));
    let wask = TestServer::builder().clock_by_hand("2030-01-01T00:00:30Z").start().await;
    assert_eq!(guess(&wask.guest(), 310).await, (300, 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn t26_an_open_web_action_ignores_wrong_keys() {
    let wask = builder(2, 2).start().await;
    let me = wask.guest();
    me.create_web_action("a", &wat("result-then-exit-0")).await;
    let guesser = with_wrong_key(&me, "u");
    for _ in 0..5 {
        let request = guesser.request(Method::GET, &me.web_path("a.json"));
        guesser.send(request).await.expect(200);
    }
    guesser.get("actions").await.expect(429);
}
