//! Host calls as points at which a guest's turn ends: all of them, and within long ones.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use wasmtime::{Engine, FuncType, Linker, Store};
use wasmtime_wasi::p1::{self, WasiP1Ctx};

use super::*;
use crate::abi::{self, Context};
use crate::engine::{Signals, StopReason, Ticks};
use crate::run;

/// The only function that needs no checkpoint: it ends the guest.
const END: &str = "proc_exit";

/// An engine whose tick a test moves, and all that a guest can import.
struct ByHand {
    engine: Engine,
    ticks: Ticks,
    linker: Linker<Context>,
}

impl ByHand {
    fn new() -> ByHand {
        let mut settings = wasmtime::Config::new();
        settings.epoch_interruption(true);
        let engine = Engine::new(&settings).unwrap();
        let linker = abi::link(&engine).unwrap();
        ByHand { engine, ticks: Ticks::default(), linker }
    }

    fn imports(&self) -> Vec<(String, String, FuncType)> {
        run::imports_of(&self.linker, &self.engine)
    }

    /// Calls the function, in a straight line after `test.tick`, in which a tick passes. Returns how often the guest
    /// was polled until it ended, and how it ended.
    async fn call_after_a_tick(
        &self,
        import: &(String, String, FuncType),
        cancel: bool,
    ) -> (u32, wasmtime::Result<()>) {
        let (module, name, ty) = import;
        let params: String = ty.params().map(|ty| format!(" {ty}")).collect();
        let results: String = ty.results().map(|ty| format!(" {ty}")).collect();
        let arguments: String = ty.params().map(|ty| format!("({ty}.const 0) ")).collect();
        let drop = "drop ".repeat(ty.results().len());
        let wat = format!(
            r#"(module (import "test" "tick" (func $tick))
                (import "{module}" "{name}" (func $f (param{params}) (result{results})))
                (memory (export "memory") 1)
                (func (export "_start") (call $tick) (call $f {arguments}) {drop}))"#
        );
        let module = wasmtime::Module::new(&self.engine, wat::parse_str(&wat).unwrap()).unwrap();
        let mut linker = self.linker.clone();
        let (engine, ticks) = (self.engine.clone(), self.ticks.clone());
        linker
            .func_wrap("test", "tick", move |caller: wasmtime::Caller<'_, Context>| {
                ticks.advance();
                engine.increment_epoch();
                if cancel {
                    Stop(caller.data().signals.clone()).stop();
                }
            })
            .unwrap();

        let signals = Arc::<Signals>::default();
        let context =
            run::context(run_without_sleep(), 1 << 20, &small(), signals.clone(), self.ticks.clone(), Duration::MAX);
        let mut store = Store::new(&self.engine, context);
        store.set_epoch_deadline(1_000); // the engine's own check never strikes
        store.set_hostcall_fuel(16 << 20);
        signals.begin_turn(&self.ticks);
        let polls = AtomicU32::new(0);
        let mut call = pin!(async {
            let instance = linker.instantiate_async(&mut store, &module).await?;
            let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
            start.call_async(&mut store, ()).await
        });
        let ended = poll_fn(|cx| {
            polls.fetch_add(1, SeqCst);
            signals.begin_turn(&self.ticks);
            call.as_mut().poll(cx)
        })
        .await;
        (polls.load(SeqCst), ended)
    }
}

/// A clock whose sleeps are over at once.
struct NoSleep;

impl GuestClock for NoSleep {
    fn wall(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn sleep(&self, _: Duration) -> Sleep {
        Box::pin(async {})
    }
}

fn run_without_sleep() -> Run {
    let mut run = run();
    run.clock = Arc::new(NoSleep);
    run
}

#[tokio::test]
async fn every_function_that_a_guest_can_import_ends_its_turn_when_the_tick_has_passed() {
    let by_hand = ByHand::new();
    let imports = by_hand.imports();
    assert!(45 < imports.len(), "{imports:?}");
    for import in &imports {
        let name = &import.1;
        if name == END {
            continue;
        }
        let (_, cancelled) = by_hand.call_after_a_tick(import, true).await;
        let cause = cancelled.expect_err(name);
        assert_eq!(cause.downcast_ref::<StopReason>(), Some(&StopReason::Cancelled), "{name}: {cause:?}");

        let (polls, _) = by_hand.call_after_a_tick(import, false).await;
        assert_eq!(polls, 2, "{name} must give way once and then go on");
    }
}

#[tokio::test]
async fn a_guest_can_import_all_that_the_library_has() {
    let by_hand = ByHand::new();
    let mut library = Linker::<WasiP1Ctx>::new(&by_hand.engine);
    p1::add_to_linker_async(&mut library, |system| system).unwrap();
    let mut store = Store::new(&by_hand.engine, wasmtime_wasi::WasiCtxBuilder::new().build_p1());
    let functions: Vec<_> = library
        .iter(&mut store)
        .map(|(module, name, item)| ((module.to_owned(), name.to_owned()), item.into_func().unwrap()))
        .collect();
    let theirs: BTreeMap<_, _> =
        functions.into_iter().map(|(name, function)| (name, function.ty(&store).to_string())).collect();
    let ours: BTreeMap<_, _> = by_hand
        .imports()
        .into_iter()
        .filter(|(module, ..)| module == "wasi_snapshot_preview1")
        .map(|(module, name, ty)| ((module, name), ty.to_string()))
        .collect();
    assert_eq!(ours, theirs);
}

/// A module that calls a function many times in a straight line: 2000 × 16 MiB are minutes of work.
fn unrolled(import: &str, call: &str, times: usize) -> String {
    format!(
        r#"(module (import "wasi_snapshot_preview1" {import})
        (memory (export "memory") 257)
        (data (i32.const 0) "\00\04\00\00\00\00\ff\00") ;; almost 16 MiB at 1024
        (func (export "_start") {}))"#,
        call.repeat(times)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_of_calls_in_a_straight_line_ends_with_its_time() {
    let limit = Duration::from_millis(100);
    let write = r#""fd_write" (func $f (param i32 i32 i32 i32) (result i32))"#;
    for guest in [
        unrolled(
            r#""random_get" (func $f (param i32 i32) (result i32))"#,
            "(drop (call $f (i32.const 1024) (i32.const 0x1000000)))",
            2000,
        ),
        unrolled(write, "(drop (call $f (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16)))", 2000),
        unrolled(write, "(drop (call $f (i32.const 2) (i32.const 64) (i32.const 2000000) (i32.const 16)))", 2000),
        // Not calls, but the instructions that take longest.
        unrolled(write, "(memory.fill (i32.const 0) (i32.const 1) (i32.const 0x1000000))", 5000),
        unrolled(write, "(memory.copy (i32.const 0) (i32.const 9) (i32.const 0x1000000))", 5000),
    ] {
        let module = prepare(&guest).await.unwrap();
        let report = sandbox().run(&module, within(limit)).await.unwrap();
        assert_eq!(report.end, RunEnd::OutOfTime { limit });
        assert!(report.duration < limit * 10, "it ended after {:?}", report.duration); // other tests run beside it
    }
}

#[tokio::test]
async fn long_writes_and_reads_arrive_whole() {
    let long = "x".repeat(200_000);
    let echo = r#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 20)
            (func (export "_start")
                (i32.store (i32.const 8) (i32.const 1024)) (i32.store (i32.const 12) (i32.const 1000000))
                (if (call $read (i32.const 0) (i32.const 0) (i32.const 2) (i32.const 16)) (then unreachable))
                (i32.store (i32.const 12) (i32.load (i32.const 16)))
                (if (call $write (i32.const 1) (i32.const 0) (i32.const 2) (i32.const 16)) (then unreachable))
                (if (i32.ne (i32.load (i32.const 12)) (i32.load (i32.const 16))) (then unreachable))))"#;
    let module = prepare(echo).await.unwrap();
    let report = sandbox().run(&module, Run::new(format!(r#"{{"long":"{long}"}}"#))).await.unwrap();
    assert_eq!(report.end, RunEnd::Returned(serde_json::json!({ "long": long })));
}

#[tokio::test]
async fn bytes_outside_the_memory_end_the_guest_as_they_do_in_the_library() {
    for (import, call) in [
        (r#""random_get" (func $f (param i32 i32) (result i32))"#, "(call $f (i32.const -100) (i32.const 70000))"),
        (r#""random_get" (func $f (param i32 i32) (result i32))"#, "(call $f (i32.const 0) (i32.const 0x1000001))"),
        (
            r#""fd_write" (func $f (param i32 i32 i32 i32) (result i32))"#,
            "(call $f (i32.const 1) (i32.const -8) (i32.const 1) (i32.const 16))",
        ),
        (
            r#""fd_write" (func $f (param i32 i32 i32 i32) (result i32))"#,
            "(call $f (i32.const 1) (i32.const 0) (i32.const 1) (i32.const -4))",
        ),
    ] {
        let module = prepare(&unrolled(import, &format!("(drop {call})"), 1)).await.unwrap();
        let report = sandbox().run(&module, run()).await.unwrap();
        assert!(matches!(report.end, RunEnd::Trapped { .. }), "{call}: {:?}", report.end);
    }
}
