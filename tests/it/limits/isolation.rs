//! What a guest cannot see or reach: the server's environment, its files, other activations.

use serde_json::json;
use wask_tests::{Client, TestServer, guest, wat};

use super::{invoke, logs_of, run, run_wat};

/// Counts its runs in memory and in a global. Returns `{"runs":1}` unless state survived a run.
const COUNTER: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $runs (mut i32) (i32.const 0))
  (data (i32.const 0) "\40\00\00\00\0b\00\00\00")
  (data (i32.const 64) "{\"runs\":0}\n")
  (func (export "_start")
    (global.set $runs (i32.add (global.get $runs) (i32.const 1)))
    (i32.store8 (i32.const 72) (i32.add (i32.load8_u (i32.const 72)) (global.get $runs)))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_sees_no_environment_variable_of_the_server() {
    let wask = TestServer::start().await;
    let me = wask.guest();

    let dumped = run_wat(&me, "env-dump", json!({})).await;
    let seen = run(&me, "env", &guest("env"), json!({}), json!({})).await;

    let text = dumped.logs().join("\n");
    assert!(text.contains("__OW_ACTION_NAME=/guest/env-dump"), "{text}");
    for (key, value) in std::env::vars() {
        assert!(!text.contains(&format!("{key}=")), "{key}");
        assert!(value.len() < 12 || !text.contains(&value), "the value of {key}");
    }
    let keys: Vec<&String> = seen.result().as_object().unwrap().keys().collect();
    assert!(keys.iter().all(|key| key.starts_with("__OW_")), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_leads_out_of_the_sandbox() {
    let wask = TestServer::start().await;
    assert_eq!(*run_wat(&wask.guest(), "path-escape", json!({})).await.result(), json!({ "escaped": false }));
}

#[tokio::test(flavor = "multi_thread")]
async fn host_calls_out_of_bounds_harm_only_their_own_guest() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for name in
        ["frame-out-of-bounds", "frame-huge", "take-nothing", "take-out-of-bounds", "iov-out-of-bounds", "iov-many"]
    {
        assert_eq!(run_wat(&me, name, json!({})).await.status(), "success", "{name}");
    }
    for (name, ends) in [("random-huge", "action developer error"), ("poll-huge", "action developer error")] {
        assert_eq!(run_wat(&me, name, json!({ "timeout": 5000 })).await.status(), ends, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_activations_of_the_same_action_share_nothing() {
    let wask = TestServer::start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    for client in [&me, &other] {
        client.create_action("counter", COUNTER).await;
    }

    for _ in 0..20 {
        for client in [&me, &other] {
            assert_eq!(*invoke(client, "counter", json!({})).await.result(), json!({ "runs": 1 }));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t36_a_guest_finds_nothing_of_another_namespaces_guest_in_its_memory() {
    let wask = TestServer::builder().configure(|config| config.sandbox.max_instances = 1).start().await;
    let (me, other) = (wask.guest(), wask.other("other").await);
    for client in [&me, &other] {
        client.create_action("memory-remains", &wat("memory-remains")).await;
    }

    for _ in 0..3 {
        for client in [&me, &other] {
            assert_eq!(*invoke(client, "memory-remains", json!({})).await.result(), json!({ "found": 0 }));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t36_a_guest_has_no_clock_finer_than_a_microsecond_and_no_way_to_make_one() {
    let wask = TestServer::start().await;
    let me = wask.guest();

    assert_eq!(*run_wat(&me, "clocks", json!({})).await.result(), json!({}));

    // A thread that counts would be a clock.
    for (name, sentence) in [
        ("thread-spawn", "The module imports `wasi.thread-spawn`, which does not exist here"),
        ("atomic-wait", "The module is not valid: "),
        ("shared-memory", "The module is not valid: "),
    ] {
        let refused = me.put_code(name, &wat(name), json!({})).await.expect(400);
        assert!(refused.error().starts_with(sentence), "{name}: {}", refused.error());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_activations_do_not_mix_arguments_results_or_logs() {
    let wask = TestServer::start().await;
    let clients = [wask.guest(), wask.other("other").await];
    for client in &clients {
        client.create_action("echo", &guest("echo")).await;
        client.create_action("lines", &guest("log-lines")).await;
    }
    let mut tasks = tokio::task::JoinSet::new();
    for number in 1..=40_usize {
        let client: Client = clients[number % 2].clone();
        tasks.spawn(async move {
            let marker = json!({ "marker": format!("{}-{number}", client.namespace) });
            let echoed = invoke(&client, "echo", marker.clone()).await;
            assert_eq!(*echoed.result(), marker);
            let logged = invoke(&client, "lines", json!({ "lines": number })).await;
            assert_eq!(logs_of(&logged.record).len(), number);
            assert_eq!(logged.record["namespace"], client.namespace.as_str());
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_with_an_unknown_import_is_refused_by_the_imports_name() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    for (name, sentence) in [
        ("unknown-import", "The module imports `env.abort`, which does not exist here"),
        ("unknown-wasi-import", "The module imports `wasi_snapshot_preview1.fd_teleport`, which does not exist here"),
        ("wrong-import-type", "The module imports `wasi_snapshot_preview1.fd_write` with the type"),
        ("no-start", "The module exports no function `_start`"),
        ("start-not-a-function", "The module's `_start` has the type"),
        ("start-wrong-signature", "The module's `_start` has the type (i32) -> (i32)"),
        ("no-memory", "The module exports no memory named `memory`."),
    ] {
        let refused = me.put_code(name, &wat(name), json!({})).await.expect(400);
        assert!(refused.error().starts_with(sentence), "{name}: {}", refused.error());
    }
}
