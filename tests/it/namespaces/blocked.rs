//! A namespace that the operator has blocked, and what remains of one that was deleted.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use wask::catalog::NamespaceState::{self, Active, Blocked};
use wask_model::FullName;
use wask_store::AlarmStore as _;
use wask_store::sqlite::{SqliteConfig, SqliteStore};
use wask_tests::{Client, TestServer, eventually, guest, wat};

async fn set(wask: &TestServer, state: NamespaceState) {
    let name = "guest".parse().unwrap();
    wask.as_operator(async |namespaces| namespaces.set_state(&name, state).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_namespace_gets_401_and_keeps_its_entities() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    for client in [&me, &other] {
        client.create_web_action("a", &wat("result-then-exit-0")).await;
    }

    set(&wask, Blocked).await;

    let refused = me.get("actions").await.expect(401);
    assert_eq!(refused.error(), "The supplied authentication is invalid");
    assert!(refused.header("www-authenticate").is_some());
    me.invoke("a", &json!({})).await.expect(401);
    me.web(Method::GET, "a.json").await.expect(404);
    other.get("actions").await.expect(200);
    other.web(Method::GET, "a.json").await.expect(200);

    set(&wask, Active).await;
    me.get("actions/a").await.expect(200);
    me.web(Method::GET, "a.json").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn queued_activations_of_a_blocked_namespace_end_without_a_run() {
    let wask = TestServer::builder().configure(|config| config.queue.concurrent_runs = 1).start().await;
    let me = wask.guest();
    me.create_action("sleeper", &guest("sleeper")).await;
    me.put("actions/chain", &json!({ "exec": { "kind": "sequence", "components": ["/_/sleeper"] } })).await.expect(200);
    let running = me.invoke_async("sleeper", &json!({ "ms": 1500 })).await;
    let queued = me.invoke_async("sleeper", &json!({ "ms": 0 })).await;
    let chain = me.invoke_async("chain", &json!({ "ms": 0 })).await;
    assert_eq!(me.state(&running).await, "running");

    set(&wask, Blocked).await;
    wask_ended(&wask, &me, [&running, &queued, &chain]).await;

    assert_eq!(me.ended(&running).await["response"]["status"], "success", "what runs is let end");
    for id in [&queued, &chain] {
        let record = me.ended(id).await;
        assert_eq!(record["response"]["status"], "application error");
        let error = &record["response"]["result"]["error"];
        assert_eq!(error, "The action was not invoked due to a blacklisted namespace.");
    }
}

/// Waits until the queue is empty, then unblocks the namespace and checks that all activations have ended.
async fn wask_ended(wask: &TestServer, me: &Client, ids: [&str; 3]) {
    eventually("the queue is empty", || async { (wask.queued().await == 0).then_some(()) }).await;
    set(wask, Active).await;
    for id in ids {
        assert_eq!(me.state(id).await, "ended");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_of_a_blocked_namespace_is_disabled_by_its_first_401() {
    let wask = TestServer::builder().clock_by_hand("2030-01-01T00:00:30Z").start().await;
    let me = wask.guest();
    me.create_action("a", &wat("result-then-exit-0")).await;
    me.create_alarm("t", "* * * * *", json!({})).await;
    me.create_rule("r", "t", "a").await;
    set(&wask, Blocked).await;
    wask.advance(Duration::from_secs(30));
    // Its owner cannot ask, and if the namespace were unblocked to ask, the fire might not be refused.
    let store = SqliteStore::join(&wask.data_dir().join("wask.sqlite"), &SqliteConfig::default()).unwrap();
    let alarm = FullName::new("guest".parse().unwrap(), "t".parse().unwrap());
    let is_disabled = async || store.alarm(&alarm).await.unwrap().unwrap().next_fire.is_none().then_some(());
    eventually("the fire was refused", is_disabled).await;
    store.close().await;

    set(&wask, Active).await;
    let read = me.alarm("READ", "t", json!({})).await.expect(200).json();
    let status = read["response"]["result"]["status"].clone();
    assert_eq!((&status["active"], &status["reason"]["statusCode"]), (&json!(false), &json!(401)), "{status}");
    assert_eq!(me.activations_of("a").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_sequence_of_a_blocked_namespace_runs_no_other_component() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    me.create_action("echo", &guest("echo")).await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let chain = json!({ "exec": { "kind": "sequence", "components": ["/_/sleeper", "/_/echo"] } });
    me.put("actions/chain", &chain).await.expect(200);
    let id = me.invoke_async("chain", &json!({ "ms": 1000 })).await;

    set(&wask, Blocked).await;
    eventually("the sequence has ended", || async { (wask.queued().await == 0).then_some(()) }).await;
    set(&wask, Active).await;

    let error = me.ended(&id).await["response"]["result"]["error"].clone();
    assert_eq!(error, "The action was not invoked due to a blacklisted namespace.", "its second component is not run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_namespaces_activations_do_not_count_for_its_successor() {
    let wask = TestServer::builder()
        .configure(|config| {
            config.limits.concurrent_invocations = 2;
            config.limits.queued_invocations = 0;
            config.queue.concurrent_runs = 1;
        })
        .start()
        .await;
    let old = wask.other("team").await;
    old.create_action("sleeper", &guest("sleeper")).await;
    for _ in 0..2 {
        old.invoke_async("sleeper", &json!({ "ms": 3000 })).await;
    }
    old.invoke("sleeper", &json!({ "ms": 0 })).await.expect(429);

    let name = || "team".parse().unwrap();
    wask.as_operator(async |namespaces| namespaces.delete(&name()).await).await;
    let made = wask.as_operator(async |namespaces| namespaces.create(name(), None).await).await;

    let new = Client::new(wask.base(), made.key.expose(), "team");
    new.create_action("a", &wat("result-then-exit-0")).await;
    new.invoke("a", &json!({})).await.expect(200);
    new.invoke("a", &json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_of_a_deleted_namespace_leaves_no_record_in_its_successor() {
    let wask = TestServer::start().await;
    let old = wask.other("team").await;
    old.create_action("sleeper", &guest("sleeper")).await;
    let queued = old.invoke_async("sleeper", &json!({ "ms": 2500 })).await;
    let blocking = tokio::spawn({
        let old = old.clone();
        async move { old.invoke("sleeper", &json!({ "ms": 2500 })).await }
    });
    eventually("both run", || async { (old.state(&queued).await == "running").then_some(()) }).await;

    let name = || "team".parse().unwrap();
    wask.as_operator(async |namespaces| namespaces.delete(&name()).await).await;
    let made = wask.as_operator(async |namespaces| namespaces.create(name(), None).await).await;
    let new = Client::new(wask.base(), made.key.expose(), "team");
    let ended = blocking.await.unwrap().expect(200).json();

    let id = ended["activationId"].as_str().unwrap();
    for id in [id, &queued] {
        new.get(&format!("activations/{id}")).await.expect(404);
    }
    assert_eq!(new.get("activations").await.expect(200).json(), json!([]));
}
