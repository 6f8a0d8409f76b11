//! The process that compiles a module: what it may use, how it ends, and that others need not wait for it.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::task::JoinSet;
use wask_tests::{Client, ServerProcess, eventually, guest};

/// A module within bounds that takes many seconds to compile.
fn slow(number: u32) -> String {
    let function = format!("(func {})", "(loop)".repeat(4900));
    format!(
        r#"(module (memory (export "memory") 1) (func (export "_start")) (global i32 (i32.const {number})) {})"#,
        function.repeat(16)
    )
}

/// A module of 60 KB whose compilation needs some hundred megabytes.
fn large() -> String {
    let ifs: String = (0..4000)
        .map(|at| format!("local.get {} if i32.const 1 local.set {} end ", at % 1000, at * 7 % 1000))
        .collect();
    let used: String = (0..1000).map(|local| format!("local.get {local} drop ")).collect();
    let locals = "i32 ".repeat(1000);
    format!(r#"(module (memory (export "memory") 1) (func (export "_start") (local {locals}) {ifs} {used}))"#)
}

/// The process that compiles for a server, once there is one.
async fn compiler_of(server: &ServerProcess) -> i32 {
    let parent = server.pid().to_string();
    eventually("a module is being compiled", || async {
        let processes =
            fs::read_dir("/proc").expect("Linux").filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut children = processes.filter(|pid| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)) == Some(&parent)
        });
        let child = children.find(|pid| {
            // It has limited itself by now.
            let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
            limits.lines().any(|line| line.starts_with("Max cpu time") && !line.contains("unlimited"))
        })?;
        child.parse().ok()
    })
    .await
}

/// Uploads without waiting for the answer.
fn upload(me: &Client, name: &'static str, code: String) -> tokio::task::JoinHandle<wask_tests::Answer> {
    let me = me.clone();
    tokio::spawn(async move { me.put_code(name, &code, json!({})).await })
}

async fn uploads_within(me: &Client, time: Duration) {
    let asked = Instant::now();
    me.put_code("echo", &guest("echo"), json!({})).await.expect(200);
    assert!(asked.elapsed() < time, "{:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compiler_has_nothing_but_its_pipes_and_ends_with_its_time() {
    let server = ServerProcess::serve(&[("WASK_SANDBOX__COMPILE_TIME_MS", "1000")]).await;
    let me = server.guest().await;
    let answer = upload(&me, "slow", slow(0));
    let compiler = compiler_of(&server).await;
    let about = |what: &str| fs::read_to_string(format!("/proc/{compiler}/{what}")).unwrap_or_default();

    let descriptors = fs::read_dir(format!("/proc/{compiler}/fd")).expect("its descriptors");
    let limits = about("limits");
    let soft = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.split_whitespace().next()).unwrap_or_default().to_owned()
    };

    assert_eq!(descriptors.count(), 3);
    assert_eq!(
        (soft("Max cpu time"), soft("Max core file size"), soft("Max file size")),
        ("1".into(), "0".into(), "0".into())
    );
    let address_space: u64 = soft("Max address space").parse().expect("a number");
    assert!(address_space < 3 << 29, "{address_space} bytes: its start and 1 GiB");
    let environment = about("environ");
    assert!(!environment.contains("WASK_") && !environment.contains("PATH="), "{environment}");
    assert_eq!(about("oom_score_adj").trim(), "1000");
    let refused = answer.await.unwrap().expect(400);
    assert_eq!(refused.error(), "The module takes longer to compile than sandbox.compile_time_ms (1000 ms).");
    assert!(!fs::exists(format!("/proc/{compiler}")).unwrap(), "it has ended");

    let asked = Instant::now();
    let again = me.put_code("slow", &slow(0), json!({})).await.expect(400);
    assert_eq!(again.error(), refused.error());
    assert!(asked.elapsed() < Duration::from_millis(1500), "it was compiled again: {:?}", asked.elapsed());
    uploads_within(&me, Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_needs_too_much_memory_to_compile_is_refused_and_the_server_lives() {
    let server = ServerProcess::serve(&[("WASK_SANDBOX__COMPILE_MEMORY_BYTES", "67108864")]).await;
    let me = server.guest().await;

    let refused = me.put_code("large", &large(), json!({})).await.expect(400);

    let sentence = "The module needs more memory to compile than sandbox.compile_memory_bytes (67108864 bytes).";
    assert_eq!(refused.error(), sentence);
    uploads_within(&me, Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compiler_that_is_killed_is_an_answer_and_not_a_hang() {
    let server = ServerProcess::serve(&[]).await;
    let me = server.guest().await;
    for (signal, status, sentence) in [
        (Signal::KILL, 503, "The compiler was killed from outside (signal 9); try again later."),
        (Signal::ABORT, 400, "The compiler crashed on this module (signal 6)."),
    ] {
        let answer = upload(&me, "slow", slow(1));
        let compiler = compiler_of(&server).await;
        kill_process(Pid::from_raw(compiler).expect("a process id"), signal).expect("it runs");

        assert_eq!(answer.await.unwrap().expect(status).error(), sentence);
    }
    uploads_within(&me, Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_compiles_one_module_at_a_time_and_leaves_room_for_the_others() {
    let server = ServerProcess::serve(&[("WASK_SANDBOX__COMPILE_QUEUE", "4")]).await;
    let (me, other) = (server.guest().await, server.create_namespace("other"));
    let compiling = upload(&me, "a", slow(2));
    let first = compiler_of(&server).await;
    let mut more = JoinSet::new();
    for (number, name) in [(3, "b"), (4, "c"), (5, "d")] {
        let me = me.clone();
        more.spawn(async move { me.put_code(name, &slow(number), json!({})).await });
    }

    let full = more.join_next().await.expect("one of them");

    let sentence = "2 modules of yours wait to be compiled already, and 1 more would exceed your part of \
        sandbox.compile_queue (4); try again later.";
    assert_eq!(full.unwrap().expect(503).error(), sentence);
    uploads_within(&other, Duration::from_secs(10)).await;
    assert!(fs::exists(format!("/proc/{first}")).unwrap(), "the first one is still being compiled");
    compiling.abort();
    more.abort_all();
    uploads_within(&other, Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compiler_dies_with_its_server() {
    let mut server = ServerProcess::serve(&[]).await;
    let me = server.guest().await;
    let body = json!({ "exec": { "kind": "wasm:1", "code": slow(4) } });
    let asked = tokio::spawn(async move {
        me.try_send(me.request(reqwest::Method::PUT, "/api/v1/namespaces/_/actions/slow").json(&body)).await
    });
    let compiler = compiler_of(&server).await;

    server.kill().await;

    eventually("it is gone", || async {
        let stat = fs::read_to_string(format!("/proc/{compiler}/stat")).unwrap_or_default();
        let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
        matches!(state, None | Some('Z')).then_some(())
    })
    .await;
    assert!(asked.await.unwrap().is_err());
}
