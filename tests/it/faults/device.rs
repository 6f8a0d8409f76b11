//! The disk fails, is slow, or loses what was not synced; a thread of the store dies; the folder is moved elsewhere.
//! threats.md F13, F14, F15, F17, F33.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;
use wask_tests::{Client, ServerProcess, data_folder, guest};

use super::{UNLIMITED, try_invoke};

/// The exit code of a server whose store can no longer be relied on.
const STORE_FAULT: i32 = 70;
const ECHO: &str = "/api/v1/namespaces/_/actions/echo";

/// The disk below a server's database.
struct Device {
    folder: TempDir,
}

impl Device {
    fn new() -> Self {
        let device = Device { folder: data_folder() };
        std::fs::create_dir(device.at("kept")).unwrap();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/it/faults/device.c");
        let built =
            Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(device.at("device.so")).arg(source).output();
        let built = built.expect("a C compiler: `make setup` installs one");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        device
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn becomes(&self, what: &str) {
        std::fs::write(self.at(what), "").unwrap();
    }

    fn syncs(&self) -> u64 {
        std::fs::metadata(self.at("syncs")).map_or(0, |about| about.len())
    }

    async fn serve(&self) -> ServerProcess {
        self.serve_with(&[]).await
    }

    async fn serve_with(&self, settings: &[(&str, &str)]) -> ServerProcess {
        let (library, folder) = (self.at("device.so"), self.folder.path().to_owned());
        let own = [("LD_PRELOAD", library.to_str().unwrap()), ("DEVICE", folder.to_str().unwrap())];
        ServerProcess::serve(&[&UNLIMITED[..], &own, settings].concat()).await
    }
}

/// Checks that every accepted activation has succeeded.
async fn assert_ended(client: &Client, promised: &[String]) {
    for id in promised {
        assert_eq!(client.ended(id).await["response"]["status"], "success");
    }
}

/// Invokes the echo, non-blocking, until one invocation is not accepted; returns the ids of those that were.
async fn invoke_until_refused(client: &Client, most: usize) -> Vec<String> {
    let mut promised = Vec::new();
    for n in 0..most {
        match client.try_send(client.request(Method::POST, ECHO).json(&json!({ "n": n }))).await {
            Ok(answer) if answer.status == 202 => {
                promised.push(answer.json()["activationId"].as_str().unwrap().to_owned());
            }
            Ok(_) | Err(_) => return promised,
        }
    }
    panic!("{most} invocations were accepted");
}

async fn assert_ends_with_a_fault(wask: &mut ServerProcess, says: &str) {
    assert_eq!(wask.ended().await.code(), Some(STORE_FAULT), "{}", wask.stderr());
    let line = format!("wask: the store failed and this server ends: {says}");
    assert!(wask.stderr().lines().any(|printed| printed.starts_with(&line)), "{}", wask.stderr());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_ends_the_server_before_it_promises_more() {
    let device = Device::new();
    let mut wask = device.serve().await;
    let me = wask.guest().await;
    me.create_action("echo", &guest("echo")).await;
    let mut promised = Vec::new();
    for n in 0..10 {
        promised.push(try_invoke(&me, &json!({ "n": n })).await.unwrap());
    }

    device.becomes("broken");
    assert_eq!(invoke_until_refused(&me, 1000).await, [""; 0], "a promise that is not on the disk");
    assert_ends_with_a_fault(&mut wask, "the disk failed: ").await;

    let wask = ServerProcess::start("serve", &[], &UNLIMITED, wask.data()).await;
    let me = wask.guest().await;
    assert_ended(&me, &promised).await;
    let again = try_invoke(&me, &json!({})).await.unwrap();
    assert_ended(&me, &[again]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_while_the_log_is_moved_ends_the_server_as_well() {
    let device = Device::new();
    let mut wask = device.serve_with(&[("WASK_STORE__SQLITE__WAL_BYTES", "262144")]).await;
    let me = wask.guest().await;
    me.create_action("echo", &guest("echo")).await;

    device.becomes("broken-database");
    let promised = invoke_until_refused(&me, 1000).await;
    assert!(!promised.is_empty(), "the log is synced, so what is in it can be promised");
    assert_ends_with_a_fault(&mut wask, "the disk failed: ").await;

    let wask = ServerProcess::start("serve", &[], &UNLIMITED, wask.data()).await;
    let me = wask.guest().await;
    assert_ended(&me, &promised).await;
    let again = try_invoke(&me, &json!({})).await.unwrap();
    assert_ended(&me, &[again]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_at_the_end_is_told() {
    let device = Device::new();
    let mut wask = device.serve().await;
    let me = wask.guest().await;
    me.create_action("echo", &guest("echo")).await;
    let promised = [try_invoke(&me, &json!({})).await.unwrap()];

    device.becomes("broken-database");
    wask.signal(Signal::TERM);
    assert_ends_with_a_fault(&mut wask, "the disk failed: ").await;

    let wask = ServerProcess::start("serve", &[], &UNLIMITED, wask.data()).await;
    assert_ended(&wask.guest().await, &promised).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_synced_is_needed_to_keep_every_promise() {
    let device = Device::new();
    let mut wask = device.serve().await;
    let me = wask.guest().await;
    me.create_action("echo", &guest("echo")).await;
    let mut promised = Vec::new();
    for n in 0..50 {
        promised.push(try_invoke(&me, &json!({ "n": n })).await.unwrap());
    }
    wask.kill().await;

    // The power fails: nothing of the database is left but what was synced.
    for left in std::fs::read_dir(wask.data_dir()).unwrap().map(|entry| entry.unwrap()) {
        if left.file_name().to_str().unwrap().starts_with("wask.sqlite") {
            std::fs::remove_file(left.path()).unwrap();
        }
    }
    for kept in std::fs::read_dir(device.at("kept")).unwrap().map(|entry| entry.unwrap()) {
        if !kept.file_name().to_str().unwrap().ends_with(".next") {
            std::fs::copy(kept.path(), wask.data_dir().join(kept.file_name())).unwrap();
        }
    }
    let wask = ServerProcess::start("serve", &[], &UNLIMITED, wask.data()).await;
    assert_ended(&wask.guest().await, &promised).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_slow_disk_many_promises_share_a_sync() {
    let device = Device::new();
    let wask = device.serve().await;
    let me = wask.guest().await;
    me.create_action("echo", &guest("echo")).await;

    device.becomes("slow");
    let before = device.syncs();
    let callers: Vec<_> = (0..100)
        .map(|n| {
            let me = me.clone();
            tokio::spawn(async move { try_invoke(&me, &json!({ "n": n })).await.expect("a promise") })
        })
        .collect();
    let mut promised = Vec::new();
    for caller in callers {
        promised.push(caller.await.unwrap());
    }
    let syncs = device.syncs() - before;
    assert!(syncs < 50, "100 promises took {syncs} syncs");
    assert_ended(&me, &promised).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_of_the_store_that_dies_takes_the_server_with_it() {
    for (stage, thread) in [("store-writes:60!", "store-writer"), ("store-reads:60!", "store-reader")] {
        let mut wask = ServerProcess::serve(&[&UNLIMITED[..], &[("WASK_FAILPOINT", stage)]].concat()).await;
        let me = wask.guest().await;
        me.create_action("echo", &guest("echo")).await;
        let promised = match thread {
            "store-writer" => invoke_until_refused(&me, 1000).await,
            _ => {
                let promised = try_invoke(&me, &json!({})).await.unwrap();
                for _ in 0..1000 {
                    let list = me.request(Method::GET, "/api/v1/namespaces/_/activations");
                    if me.try_send(list).await.is_err() {
                        break;
                    }
                }
                vec![promised]
            }
        };
        assert_ends_with_a_fault(&mut wask, &format!("its thread {thread} died: ")).await;

        let wask = ServerProcess::start("serve", &[], &UNLIMITED, wask.data()).await;
        assert_ended(&wask.guest().await, &promised).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_code_cache_modules_still_run() {
    let wask = ServerProcess::serve(&UNLIMITED).await;
    let me = wask.guest().await;
    std::fs::remove_dir_all(wask.data_dir().join("cache")).unwrap();
    std::fs::write(wask.data_dir().join("cache"), "no folder").unwrap();

    me.create_action("echo", &guest("echo")).await;
    let result = me.invoke("echo", &json!({ "n": 1 })).await.expect(200).json()["response"]["result"].clone();
    assert_eq!(result, json!({ "n": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_folder_of_a_stopped_server_goes_on_elsewhere() {
    let one_at_a_time = [("WASK_LIMITS__CONCURRENT_INVOCATIONS", "1"), ("WASK_SERVER__GRACE_MS", "100")];
    let mut wask = ServerProcess::serve(&one_at_a_time).await;
    let me = wask.guest().await;
    me.create_action("echo", &guest("echo")).await;
    me.create_action("sleeper", &guest("sleeper")).await;
    me.create_alarm("second", "* * * * * *", json!({})).await;
    me.create_rule("every", "second", "echo").await;
    me.activations_of_at_least("second", 1).await;
    let mut promised = Vec::new();
    for _ in 0..3 {
        promised.push(me.invoke_async("sleeper", &json!({ "ms": 1000 })).await);
    }
    wask.signal(Signal::TERM);
    assert!(wask.ended().await.success(), "{}", wask.stderr());

    let elsewhere = Arc::new(data_folder());
    let copied = Command::new("cp").arg("-a").arg(wask.data_dir().join(".")).arg(elsewhere.path()).status();
    assert!(copied.unwrap().success());
    drop(wask);
    // Ticks of these seconds are missed, so there is no condition to wait for.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let restored = ServerProcess::start("serve", &[], &UNLIMITED, elsewhere).await;
    let me = restored.guest().await;
    let alarm = me.get("alarms/second").await.expect(200).json();
    let missed = alarm["history"].as_array().unwrap().iter().filter(|tick| tick["outcome"] == "missed").count();
    assert!(missed >= 3, "{alarm}");
    assert_ended(&me, &promised).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_database_of_a_running_server_goes_on_elsewhere() {
    let wask = ServerProcess::serve(&UNLIMITED).await;
    let me = wask.guest().await;
    me.create_action("echo", &guest("echo")).await;
    me.create_action("sleeper", &guest("sleeper")).await;
    let running = me.invoke_async("sleeper", &json!({ "ms": 60_000 })).await;
    let mut promised = Vec::new();
    for n in 0..10 {
        promised.push(try_invoke(&me, &json!({ "n": n })).await.unwrap());
    }

    let elsewhere = Arc::new(data_folder());
    let database = rusqlite::Connection::open(wask.data_dir().join("wask.sqlite")).unwrap();
    database.execute("VACUUM INTO ?1", [elsewhere.path().join("wask.sqlite").to_str().unwrap()]).unwrap();
    std::fs::create_dir(elsewhere.path().join("cache")).unwrap();
    for name in ["wskprops", "cache/key"] {
        std::fs::copy(wask.data_dir().join(name), elsewhere.path().join(name)).unwrap();
    }
    let later = try_invoke(&me, &json!({ "n": "later" })).await.unwrap();
    assert_ended(&me, &[later]).await;

    let restored = ServerProcess::start("serve", &[], &UNLIMITED, elsewhere).await;
    let me = restored.guest().await;
    assert_ended(&me, &promised).await;
    assert_ne!(me.state(&running).await, "ended", "it begins again when its lease ends");
    let result = me.invoke("echo", &json!({ "n": 1 })).await.expect(200).json()["response"]["result"].clone();
    assert_eq!(result, json!({ "n": 1 }));
}
