//! Addresses that callbacks must not reach by any name. feeds.md §C.9; threats.md T18.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::json;
use wask_egress::Resolve;
use wask_tests::{Client, Receiver, TestServer, guest};

use super::{SECOND, START, calling, in_state, invoke};

/// Names with a list of answers each; the last one is repeated.
#[derive(Default)]
struct Names(Mutex<HashMap<&'static str, Vec<Vec<&'static str>>>>);

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        let mut names = self.0.lock().unwrap();
        let Some(answers) = names.get_mut(host) else { return Err(std::io::Error::other("no such host")) };
        let answer = if 1 < answers.len() { answers.remove(0) } else { answers[0].clone() };
        Ok(answer.into_iter().map(|address| address.parse().unwrap()).collect())
    }
}

/// A server with the default egress policy.
async fn strict(names: &[(&'static str, &[&[&'static str]])]) -> (TestServer, Client) {
    let table = names.iter().map(|(name, answers)| (*name, answers.iter().map(|answer| answer.to_vec()).collect()));
    let names = Arc::new(Names(Mutex::new(table.collect())));
    let builder = TestServer::builder().clock_by_hand(START).resolver(names);
    let wask = builder.configure(|config| config.egress.allow_cidrs.clear()).start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    (wask, me)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forbidden_address_is_refused_in_every_spelling() {
    let (_wask, me) = strict(&[]).await;
    let receiver = Receiver::start().await;
    let port = receiver.address().port();
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "0.0.0.0",
        "[::]",
        "127.1",
        "0177.0.0.1",
        "2130706433",
        "0x7f.1",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "100.64.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "127.0.0.1.",
        "localhost.",
        "a.localhost",
        "①②⑦.0.0.1",
    ] {
        let refused = me.post("actions/echo", &calling(&format!("http://{host}:{port}/"))).await.expect(400);
        assert_eq!(refused.error(), "callback.http.url targets a forbidden address", "{host}");
    }
    for url in [
        format!("http://user:pw@127.0.0.1:{port}/"),
        format!("http://good.example@127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}\\@good.example/"),
        format!("http://good.example#@127.0.0.1:{port}/"),
        format!("http://good.example/\r\nHost: 127.0.0.1:{port}"),
        "file:///etc/passwd".into(),
        "gopher://127.0.0.1/".into(),
        "ftp://127.0.0.1/".into(),
        "unix:/run/wask.sock".into(),
        "http://good.example:0/".into(),
        "http://good.example:22/".into(),
        "http://good.example:25/".into(),
        "http://good.example:65536/".into(),
    ] {
        let refused = me.post("actions/echo", &calling(&url)).await.expect(400).error();
        assert!(refused.starts_with("callback.http.url "), "{url}: {refused}");
    }
    assert!(receiver.received().is_empty());
    assert_eq!(me.get("activations?count=true").await.json(), json!({ "activations": 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_a_forbidden_address_is_blocked_and_not_retried() {
    let (_wask, me) = strict(&[
        ("loopback.example", &[&["127.0.0.1"]]),
        ("both.example", &[&["203.0.113.7", "127.0.0.1"]]),
        ("metadata.example", &[&["169.254.169.254"]]),
        ("six.example", &[&["::1"]]),
        ("mapped.example", &[&["::ffff:127.0.0.1"]]),
        ("private.example", &[&["10.0.0.1"]]),
    ])
    .await;
    let receiver = Receiver::start().await;
    let port = receiver.address().port();
    for host in ["loopback", "both", "metadata", "six", "mapped", "private"] {
        let (_, cb) = invoke(&me, "echo", &calling(&format!("http://{host}.example:{port}/"))).await;
        let known = in_state(&me, &cb, "blocked").await;
        assert_eq!(known["attempts"].as_array().unwrap().len(), 1, "{host}");
        assert_eq!(known["attempts"][0]["error"], "ssrf_blocked", "{host}");
    }
    assert!(receiver.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_resolved_and_checked_at_every_attempt() {
    let names: &[(&'static str, &[&[&'static str]])] = &[("rebinding.example", &[&["127.0.0.9"], &["127.0.0.1"]])];
    let table = names.iter().map(|(name, answers)| (*name, answers.iter().map(|answer| answer.to_vec()).collect()));
    let resolver = Arc::new(Names(Mutex::new(table.collect())));
    let builder = TestServer::builder().clock_by_hand(START).resolver(resolver);
    let only_nine = |config: &mut wask::config::Config| config.egress.allow_cidrs = vec!["127.0.0.9/32".into()];
    let wask = builder.configure(only_nine).start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    let receiver = Receiver::start().await; // on 127.0.0.1, which is forbidden; no server listens on 127.0.0.9

    let (_, cb) =
        invoke(&me, "echo", &calling(&format!("http://rebinding.example:{}/", receiver.address().port()))).await;
    let known = super::eventually("the first attempt failed", || async {
        let known = super::callback(&me, &cb).await;
        (known["failedAttempts"] == 1).then_some(known)
    })
    .await;
    assert_eq!(
        known["attempts"][0]["error"], "connect_failure",
        "the address that was checked is the one that was dialled"
    );
    wask.advance(60 * SECOND);

    let known = in_state(&me, &cb, "blocked").await;
    assert_eq!(known["attempts"][1]["error"], "ssrf_blocked");
    assert!(receiver.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_name_is_retried_because_it_may_resolve_later() {
    let (_wask, me) = strict(&[]).await;
    let (_, cb) = invoke(&me, "echo", &calling("http://nowhere.example/")).await;
    let known = super::eventually("the first attempt failed", || async {
        let known = super::callback(&me, &cb).await;
        (known["failedAttempts"] == 1).then_some(known)
    })
    .await;
    assert_eq!((&known["state"], &known["attempts"][0]["error"]), (&json!("pending"), &json!("dns_failure")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_can_allow_ranges_and_a_denied_range_wins() {
    let ranges = |config: &mut wask::config::Config| {
        config.egress.allow_private = true;
        config.egress.deny_cidrs = vec!["127.0.0.2/32".into()];
    };
    let wask = TestServer::builder().clock_by_hand(START).configure(ranges).start().await;
    let (me, receiver) = (wask.guest(), Receiver::start().await);
    me.create_action("echo", &guest("echo")).await;
    let (_, cb) = invoke(&me, "echo", &calling(&receiver.url("/"))).await;
    in_state(&me, &cb, "delivered").await;
    let refused = me.post("actions/echo", &calling("http://127.0.0.2:8080/")).await.expect(400);
    assert_eq!(refused.error(), "callback.http.url targets a forbidden address");
}
