//! Many guests at once, and guests whose caller disconnects.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use async_trait::async_trait;

use super::*;
use crate::{Frame, HostCalls, LogLine, LogSink, SandboxError};

const LOOP: &str = r#"(func (export "_start") (loop $again (br $again)))"#;

#[tokio::test]
async fn spinning_guests_do_not_stall_others() {
    let module = guest(LOOP).await;
    let limit = Duration::from_secs(2);
    let spinning: Vec<_> = (0..20)
        .map(|_| {
            let module = module.clone();
            tokio::spawn(async move { sandbox().run(&module, within(limit)).await.unwrap() })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(600)).await; // long enough for all of them to have been handed over
    for _ in 0..50 {
        assert!(matches!(end(&printing("{}"), run()).await, RunEnd::Returned(_)));
    }
    assert!(spinning.iter().all(|guest| !guest.is_finished()), "the short guests had to wait for the long ones");
    for guest in spinning {
        assert_eq!(guest.await.unwrap().end, RunEnd::OutOfTime { limit });
    }
}

#[tokio::test]
async fn a_thousand_sleeping_guests_hold_no_threads() {
    let module = guest(r#"(func (export "_start") (call $sleep_ms (i64.const 300)))"#).await;
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let before = threads();
    let sleeping: Vec<_> = (0..1000)
        .map(|_| {
            let module = module.clone();
            tokio::spawn(async move { sandbox().run(&module, run()).await.unwrap() })
        })
        .collect();
    tokio::task::yield_now().await;
    assert!(threads() < before + 100);
    for guest in sleeping {
        assert_eq!(guest.await.unwrap().end, RunEnd::Silent);
    }
}

/// Never answers. Records that it was called, and that the call was dropped.
struct Pending(Arc<AtomicBool>, Arc<AtomicBool>);

struct OnDrop(Arc<AtomicBool>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

#[async_trait]
impl HostCalls for Pending {
    async fn call(&self, _request: Frame) -> Frame {
        let _dropped = OnDrop(self.1.clone());
        self.0.store(true, SeqCst);
        std::future::pending().await
    }
}

/// A guest that counts to `rounds` and then calls the host.
fn calling_after(rounds: u32) -> String {
    format!(
        r#"(data (i32.const 0) "{{}}\0a") (func (export "_start") (local $i i32)
            (loop $again
                (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {rounds}))))
            (drop (call $call (i32.const 0) (i32.const 3))))"#
    )
}

#[tokio::test]
async fn dropping_a_run_ends_a_guest_that_waits_for_the_host() {
    for rounds in [1, 400_000_000] {
        let (called, dropped) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let mut run = run();
        run.host = Arc::new(Pending(called.clone(), dropped.clone()));
        let module = guest(&calling_after(rounds)).await;
        let running = tokio::spawn(async move { sandbox().run(&module, run).await });
        until(|| called.load(SeqCst)).await;
        running.abort();
        until(|| dropped.load(SeqCst)).await;
    }
}

#[tokio::test]
async fn dropping_a_run_ends_a_spinning_guest_and_frees_its_slot() {
    let config = SandboxConfig { max_instances: 1, back_threads: 1, ..SandboxConfig::default() };
    let sandbox = Sandbox::new(&config, None, CompileIn::ThisProcess).unwrap();
    let load = async |body: &str| {
        let wasm = upload::decode(&format!("(module {PRELUDE} {body})"), &config).unwrap();
        let digest = sandbox.prepare("me", wasm).await.unwrap();
        sandbox.loaded(&digest).unwrap()
    };
    let (spinning, short) = (load(LOOP).await, load(&printing("{}")).await);
    for patience in [Duration::from_millis(5), Duration::from_millis(100)] {
        let run_it = sandbox.run(&spinning, run());
        assert!(tokio::time::timeout(patience, run_it).await.is_err());
        let begun = Patience::new();
        loop {
            match sandbox.run(&short, run()).await {
                Ok(report) => break assert!(matches!(report.end, RunEnd::Returned(_))),
                Err(SandboxError::Busy) => begun.check(),
                Err(cause) => panic!("{cause}"),
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

struct Patience(std::time::Instant);

impl Patience {
    fn new() -> Self {
        Patience(std::time::Instant::now())
    }

    fn check(&self) {
        assert!(self.0.elapsed() < Duration::from_secs(20), "the slot was never freed");
    }
}

/// Counts the lines that the guests of a share write.
#[derive(Default)]
struct Lines(AtomicU64);

impl LogSink for Lines {
    fn line(&self, _: &LogLine) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_of_many_guests_has_no_more_turns_than_a_share_of_one() {
    let config = SandboxConfig { back_threads: 1, max_instances: 50, ..SandboxConfig::default() };
    let sandbox = Sandbox::new(&config, None, CompileIn::ThisProcess).unwrap();
    let body = r#"(data (i32.const 0) "\0a") (func (export "_start") (local $i i32)
        (loop $again
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $again (i32.and (local.get $i) (i32.const 0xffff)))
            (call $print (i32.const 2) (i32.const 0) (i32.const 1))
            (br $again)))"#;
    let wasm = upload::decode(&format!("(module {PRELUDE} {body})"), &config).unwrap();
    let module = sandbox.loaded(&sandbox.prepare("tests", wasm).await.unwrap()).unwrap();
    let start = |share: &str, count: usize| {
        let lines = Arc::<Lines>::default();
        let guests: Vec<_> = (0..count)
            .map(|_| {
                let mut run = within(Duration::from_secs(2));
                run.share = share.into();
                run.log_sink = Some(lines.clone());
                let (sandbox, module) = (sandbox.clone(), module.clone());
                tokio::spawn(async move { sandbox.run(&module, run).await.unwrap() })
            })
            .collect();
        (lines, guests)
    };
    let (greedy, greedy_guests) = start("greedy", 20);
    let (modest, modest_guests) = start("modest", 1);
    for guest in greedy_guests.into_iter().chain(modest_guests) {
        assert!(matches!(guest.await.unwrap().end, RunEnd::OutOfTime { .. }));
    }
    let (greedy, modest) = (greedy.0.load(SeqCst), modest.0.load(SeqCst));
    assert!(greedy < 4 * modest, "20 guests of one share wrote {greedy} lines, one guest of another {modest}");
}

#[tokio::test]
async fn a_share_that_used_its_credit_runs_on_the_low_priority_threads_and_others_do_not() {
    struct Thread(Mutex<Vec<String>>);
    impl LogSink for Thread {
        fn line(&self, _: &LogLine) {
            let thread = std::thread::current();
            self.0.lock().unwrap().push(thread.name().unwrap_or_default().to_owned());
        }
    }
    let config = SandboxConfig { back_threads: 1, max_instances: 10, front_credit_ms: 1, ..SandboxConfig::default() };
    let sandbox = Sandbox::new(&config, None, CompileIn::ThisProcess).unwrap();
    let load = async |body: &str| {
        let wasm = upload::decode(&format!("(module {PRELUDE} {body})"), &config).unwrap();
        sandbox.loaded(&sandbox.prepare("tests", wasm).await.unwrap()).unwrap()
    };
    let (spinning, printing) = (load(LOOP).await, load(&printing("a\n{}\n")).await);
    let thread_of = async |share: &str| {
        let threads = Arc::new(Thread(Mutex::default()));
        let mut run = run();
        run.share = share.into();
        run.log_sink = Some(threads.clone());
        assert!(matches!(sandbox.run(&printing, run).await.unwrap().end, RunEnd::Returned(_)));
        threads.0.lock().unwrap()[0].clone()
    };
    assert_ne!(thread_of("greedy").await, "wask-back");
    let mut long = within(Duration::from_millis(100));
    long.share = "greedy".into();
    sandbox.run(&spinning, long).await.unwrap();
    assert_eq!(thread_of("greedy").await, "wask-back");
    assert_ne!(thread_of("other").await, "wask-back");
}
