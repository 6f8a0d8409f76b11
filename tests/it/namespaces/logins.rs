//! Wrong keys are answered later and later; a right key always works, whoever shares its address. threats.md T25, T26.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::{JoinHandle, JoinSet};
use wask::catalog::Namespaces;
use wask::clock::Clock;
use wask_store::sqlite::{SqliteConfig, SqliteStore};
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

/// Deploys a web action that wants this, or nothing.
async fn create_web(me: &Client, name: &str, wants: Value) {
    let annotations = json!([{ "key": "web-export", "value": true }, { "key": "require-whisk-auth", "value": wants }]);
    me.create_action_with(name, &wat("result-then-exit-0"), json!({ "annotations": annotations })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t26_wrong_keys_in_web_requests_are_answered_as_late_as_elsewhere() {
    for (action, wants, status) in [("open", json!(false), 200), ("closed", json!(true), 401)] {
        let wask = builder(0, 3).start().await;
        let me = wask.guest();
        create_web(&me, action, wants).await;
        let path = me.web_path(&format!("{action}.json"));
        let ask = |client: &Client| {
            let (client, path) = (client.clone(), path.clone());
            async move { client.send(client.request(Method::GET, &path)).await }
        };
        let guesser = with(&me, wrong("u"));
        for _ in 0..3 {
            ask(&guesser).await.expect(status);
        }

        let mut waiting = tokio::spawn(ask(&guesser));
        assert!(tokio::time::timeout(MOMENT, &mut waiting).await.is_err(), "the answer waits");
        ask(&me).await.expect(200);
        let elsewhere = waiting_guess(&me, "u").await; // it is one count for both

        wask.advance(Duration::from_secs(2));
        waiting.await.unwrap().expect(status);
        elsewhere.await.unwrap().expect(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t26_wrong_secrets_of_a_web_action_are_answered_later_and_the_right_one_at_once() {
    let wask = builder(0, 3).start().await;
    let me = wask.guest();
    create_web(&me, "secret", json!(4711)).await;
    let path = me.web_path("secret.json");
    let ask = |secret: u32| {
        let (me, path) = (me.clone(), path.clone());
        async move { me.send(me.anonymous(Method::GET, &path).header("x-require-whisk-auth", secret)).await }
    };
    for secret in 1..=3 {
        ask(secret).await.expect(401);
    }

    let mut waiting = tokio::spawn(ask(4));
    assert!(tokio::time::timeout(MOMENT, &mut waiting).await.is_err(), "the answer waits");
    ask(4711).await.expect(200);
    me.send(me.anonymous(Method::GET, &path)).await.expect(401); // who sends none has not guessed

    wask.advance(Duration::from_secs(2));
    waiting.await.unwrap().expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn t26_a_key_that_was_refused_is_refused_from_memory_for_a_moment_or_until_identities_change() {
    let wask = builder(0, 0).start().await;
    let me = wask.guest();
    let (early, late) = (wrong("early"), wrong("late"));
    for key in [&early, &late] {
        with(&me, key.clone()).get("actions").await.expect(401);
    }
    let store = SqliteStore::join(&wask.data_dir().join("wask.sqlite"), &SqliteConfig::default()).unwrap();
    let clock = Clock::system();
    let key = Some(early.parse().unwrap());
    Namespaces::new(&store, &clock).create("early".parse().unwrap(), key).await.unwrap();
    store.close().await;

    let mut early = with(&me, early);
    early.namespace = "early".into();
    early.get("actions").await.expect(401); // nobody has read the store

    let key = Some(late.parse().unwrap());
    wask.as_operator(async |namespaces| namespaces.create("late".parse().unwrap(), key).await).await;
    with(&me, late).get("actions").await.expect(200);
    early.get("actions").await.expect(200);
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
