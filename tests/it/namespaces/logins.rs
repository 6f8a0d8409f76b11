//! Wrong keys are answered later and later; a right key always works, whoever shares its address. threats.md T25, T26.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use tokio::task::{JoinHandle, JoinSet};
use wask_tests::{Answer, Client, TestServer, wat};

/// How long an answer that waits for the clock is awaited in vain.
const MOMENT: Duration = Duration::from_millis(200);

fn wrong(uuid: &str) -> String {
    format!("{uuid}:{}", "x".repeat(64))
}

fn builder(per_address: u32, per_uuid: u32) -> wask_tests::TestServerBuilder {
    TestServer::builder().clock_by_hand("2030-01-01T00:00:30Z").configure(move |config| {
        config.logins.failures_per_address = per_address;
        config.logins.failures_per_uuid = per_uuid;
    })
}

/// The same client with another key.
fn with(me: &Client, auth: String) -> Client {
    let mut client = me.clone();
    client.auth = auth;
    client
}

fn from(me: &Client, address: &str) -> Client {
    let address: IpAddr = address.parse().unwrap();
    me.from_address(address, Duration::from_secs(20))
}

/// Guesses keys from this client's address; every guess is answered at once.
async fn guess(me: &Client, times: u32) {
    for n in 0..times {
        with(me, wrong(&format!("uuid-{n}"))).get("actions").await.expect(401);
    }
}

/// A guess whose answer waits for the clock.
async fn waiting_guess(me: &Client, uuid: &str) -> JoinHandle<Answer> {
    let guesser = with(me, wrong(uuid));
    let mut guess = tokio::spawn(async move { guesser.get("actions").await });
    assert!(tokio::time::timeout(MOMENT, &mut guess).await.is_err(), "the answer waits");
    guess
}

#[tokio::test(flavor = "multi_thread")]
async fn t26_wrong_keys_are_answered_later_and_a_right_key_of_the_same_address_at_once() {
    let wask = builder(20, 0).start().await;
    let me = wask.guest();
    me.get("actions").await.expect(200);

    guess(&me, 20).await;
    let waiting = waiting_guess(&me, "uuid").await;

    me.get("actions").await.expect(200);
    let newcomer = wask.other("newcomer").await; // the node has never seen its key
    newcomer.get("actions").await.expect(200);
    with(&from(&me, "127.0.0.2"), wrong("uuid")).get("actions").await.expect(401);
    wask.advance(Duration::from_millis(100));
    waiting.await.unwrap().expect(401);
    let waiting = waiting_guess(&me, "uuid").await;
    wask.advance(Duration::from_millis(100));
    assert!(!waiting.is_finished(), "it waits longer than the one before");
    wask.advance(Duration::from_millis(100));
    waiting.await.unwrap().expect(401);

    wask.advance(Duration::from_secs(30));
    guess(&me, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t26_where_too_many_answers_wait_a_wrong_key_gets_429_and_a_right_one_still_works() {
    let wask = builder(20, 0).configure(|config| config.logins.delayed = 4).start().await;
    let me = wask.guest();
    guess(&me, 20).await;
    let (first, second) = (waiting_guess(&me, "uuid-1").await, waiting_guess(&me, "uuid-2").await);

    let refused = with(&me, wrong("uuid-3")).get("actions").await.expect(429);

    assert_eq!(refused.error(), "Too many failed logins in the last minute (count: 23, allowed: 20).");
    assert_eq!(refused.header("retry-after"), Some("30"));
    wask.other("newcomer").await.get("actions").await.expect(200);
    wask.advance(Duration::from_secs(2));
    for waiting in [first, second] {
        waiting.await.unwrap().expect(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t26_guesses_at_a_uuid_slow_down_their_own_address_only() {
    let wask = builder(0, 3).start().await;
    let me = wask.guest();
    let (uuid, _) = me.auth.split_once(':').unwrap();
    let guesser = from(&me, "127.0.0.2");
    for _ in 0..3 {
        with(&guesser, wrong(uuid)).get("actions").await.expect(401);
    }
    let waiting = waiting_guess(&guesser, uuid).await;

    with(&me, wrong(uuid)).get("actions").await.expect(401);
    with(&guesser, wrong("another")).get("actions").await.expect(401);
    guesser.get("actions").await.expect(200);
    wask.advance(Duration::from_secs(1));
    waiting.await.unwrap().expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn t26_answers_wait_by_default_and_zero_turns_it_off() {
    let wask = builder(0, 0).start().await;
    guess(&wask.guest(), 400).await;
    let wask = TestServer::builder().clock_by_hand("2030-01-01T00:00:30Z").start().await;
    guess(&wask.guest(), 300).await;
    let waiting = waiting_guess(&wask.guest(), "u").await;
    wask.advance(Duration::from_secs(2));
    waiting.await.unwrap().expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn t26_an_open_web_action_ignores_wrong_keys() {
    let wask = builder(2, 2).start().await;
    let me = wask.guest();
    me.create_web_action("a", &wat("result-then-exit-0")).await;
    let guesser = with(&me, wrong("u"));
    for _ in 0..5 {
        let request = guesser.request(Method::GET, &me.web_path("a.json"));
        guesser.send(request).await.expect(200);
    }
    let waiting = waiting_guess(&me, "u").await; // they counted all the same
    wask.advance(Duration::from_secs(2));
    waiting.await.unwrap().expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn t25_the_answer_does_not_tell_a_wrong_key_from_an_unknown_uuid() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let (uuid, secret) = me.auth.split_once(':').unwrap();
    let answers = [
        with(&me, wrong(uuid)).get("actions").await.expect(401),
        with(&me, wrong("unknown")).get("actions").await.expect(401),
        with(&me, format!("unknown:{secret}")).get("actions").await.expect(401),
    ];
    for answer in &answers {
        assert_eq!(answer.error(), answers[0].error());
        assert_eq!(answer.header("www-authenticate"), answers[0].header("www-authenticate"));
    }
    me.get("actions").await.expect(200);
}

/// Guesses at full speed, over many connections, until it is dropped.
fn flood(me: &Client, uuid: &str) -> JoinSet<()> {
    let mut guessers = JoinSet::new();
    for n in 0..48 {
        let (me, uuid) = (me.clone(), uuid.to_owned());
        guessers.spawn(async move {
            for guess in 0_u64.. {
                let uuid = if n % 2 == 0 { uuid.clone() } else { format!("{n}-{guess}") };
                let request = me.anonymous(Method::GET, "/api/v1/namespaces/_/actions");
                let answer = me.try_send(request.basic_auth(uuid, Some("x".repeat(64)))).await;
                let status = answer.map_or(StatusCode::UNAUTHORIZED, |answer| answer.status);
                assert!([401, 429].contains(&status.as_u16()), "{status}");
            }
        });
    }
    guessers
}

#[tokio::test(flavor = "multi_thread")]
async fn t26_a_flood_of_guesses_does_not_keep_newcomers_of_its_address_out() {
    let wask = TestServer::builder().configure(|config| config.logins.delay_ms = 200).start().await;
    let me = wask.guest();
    let (uuid, _) = me.auth.split_once(':').unwrap();
    let guessers = flood(&me, uuid);
    tokio::time::sleep(Duration::from_millis(500)).await;

    for n in 0..10 {
        let newcomer = wask.other(&format!("newcomer-{n}")).await;
        let asked = Instant::now();
        newcomer.get("actions").await.expect(200);
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    }
    drop(guessers);
}
