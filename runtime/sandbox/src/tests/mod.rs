//! Tests of the sandbox through its public interface, with guests written as WebAssembly text.

mod calls;
mod checkpoints;
mod fairness;
mod limits;
mod modules;
mod output;
mod slots;
mod uploads;

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::sync::watch;

use crate::{
    CompileIn, GuestClock, GuestMemory, Module, RefusedModule, Run, RunEnd, RunReport, Sandbox, SandboxConfig, Sleep,
    Stop, upload,
};

/// The beginning of every guest: imports, a memory, `$print`, which writes bytes to a stream, and `$sleep_ms`.
const PRELUDE: &str = r#"
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
    (import "wask" "call" (func $call (param i32 i32) (result i64)))
    (import "wask" "take" (func $take (param i32) (result i32)))
    (memory (export "memory") 2)
    (func $print (param $fd i32) (param $at i32) (param $length i32)
        (i32.store (i32.const 60000) (local.get $at))
        (i32.store (i32.const 60004) (local.get $length))
        (drop (call $fd_write (local.get $fd) (i32.const 60000) (i32.const 1) (i32.const 60008))))
    (func $sleep_ms (param $ms i64)
        (memory.fill (i32.const 61000) (i32.const 0) (i32.const 48))
        (i32.store (i32.const 61016) (i32.const 1))
        (i64.store (i32.const 61024) (i64.mul (local.get $ms) (i64.const 1000000)))
        (drop (call $poll_oneoff (i32.const 61000) (i32.const 61100) (i32.const 1) (i32.const 61200))))
"#;

/// One sandbox for all tests, because wasmtime wants one engine per process.
fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| Sandbox::new(&small(), None, CompileIn::ThisProcess).unwrap())
}

/// The defaults, with fewer instances because other tests run on the same machine.
fn small() -> SandboxConfig {
    SandboxConfig { max_instances: 1500, ..SandboxConfig::default() }
}

async fn prepare(wat: &str) -> Result<Module, RefusedModule> {
    let wasm = upload::decode(wat, sandbox().config())?;
    let digest = sandbox().prepare("me", wasm).await?;
    Ok(sandbox().loaded(&digest).unwrap())
}

/// A module from the prelude and `body`.
async fn guest(body: &str) -> Module {
    prepare(&format!("(module {PRELUDE} {body})")).await.unwrap()
}

/// A guest that writes `text` to stdout.
fn printing(text: &str) -> String {
    let length = text.len();
    let data: String = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    format!(
        r#"(data (i32.const 0) "{data}")
           (func (export "_start") (call $print (i32.const 1) (i32.const 0) (i32.const {length})))"#
    )
}

fn run() -> Run {
    Run::new("{}")
}

fn within(time: Duration) -> Run {
    let mut run = run();
    run.limits.time = time;
    run
}

/// The run, and the handle that stops it.
fn stoppable(run: Run) -> (Run, Stop) {
    let stop = run.stop.clone();
    (run, stop)
}

async fn report(body: &str, run: Run) -> RunReport {
    sandbox().run(&guest(body).await, run).await.unwrap()
}

async fn end(body: &str, run: Run) -> RunEnd {
    report(body, run).await.end
}

fn texts(report: &RunReport) -> Vec<&str> {
    report.logs.iter().map(|line| line.text.as_str()).collect()
}

/// Waits until `condition` holds.
async fn until(condition: impl Fn() -> bool) {
    let watched = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), watched).await.expect("the condition holds in the end");
}

/// A clock that moves only when a test moves it.
#[derive(Clone)]
struct HandMovedClock(Arc<watch::Sender<Duration>>, Arc<Mutex<u64>>);

impl HandMovedClock {
    fn new() -> HandMovedClock {
        HandMovedClock(Arc::new(watch::Sender::new(Duration::from_secs(1_000_000))), Arc::default())
    }

    fn advance(&self, time: Duration) {
        self.0.send_modify(|now| *now += time);
    }

    /// Waits until a guest sleeps.
    async fn a_guest_sleeps(&self) {
        while *self.1.lock().unwrap() == 0 {
            tokio::task::yield_now().await;
        }
    }
}

impl GuestClock for HandMovedClock {
    fn wall(&self) -> Duration {
        *self.0.borrow()
    }

    fn monotonic(&self) -> Duration {
        *self.0.borrow()
    }

    fn sleep(&self, time: Duration) -> Sleep {
        let mut time_passes = self.0.subscribe();
        let until = self.monotonic() + time;
        *self.1.lock().unwrap() += 1;
        Box::pin(async move {
            let _ = time_passes.wait_for(|now| *now >= until).await;
        })
    }
}
