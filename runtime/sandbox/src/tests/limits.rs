//! Time, memory, tables and stack.

use super::*;

const LOOP: &str = r#"(func (export "_start") (loop $again (br $again)))"#;
const MS_200: Duration = Duration::from_millis(200);

fn assert_out_of_time(report: &RunReport, limit: Duration) {
    assert_eq!(report.end, RunEnd::OutOfTime { limit });
    assert!(limit <= report.duration && report.duration < limit * 10, "{:?}", report.duration);
}

#[tokio::test]
async fn an_endless_loop_ends_at_its_limit() {
    assert_out_of_time(&report(LOOP, within(MS_200)).await, MS_200);
}

#[tokio::test]
async fn an_endless_start_function_ends_at_the_limit() {
    let body = r#"(func $init (loop $again (br $again))) (start $init) (func (export "_start"))"#;
    assert_out_of_time(&report(body, within(MS_200)).await, MS_200);
}

#[tokio::test]
async fn endless_host_calls_tail_calls_and_fills_end_at_the_limit() {
    let calls = r#"(func (export "_start") (loop $again (drop (call $take (i32.const 0))) (br $again)))"#;
    assert_out_of_time(&report(calls, within(MS_200)).await, MS_200);
    let tail = r#"(func $f (return_call $f)) (func (export "_start") (call $f))"#;
    assert_out_of_time(&report(tail, within(MS_200)).await, MS_200);
    let bulk = r#"(func (export "_start") (loop $again
        (memory.fill (i32.const 0) (i32.const 1) (i32.const 100000)) (br $again)))"#;
    assert_out_of_time(&report(bulk, within(MS_200)).await, MS_200);
}

#[tokio::test]
async fn a_sleeping_guest_ends_at_its_limit() {
    let body = r#"(func (export "_start") (call $sleep_ms (i64.const 3600000)))"#;
    assert_out_of_time(&report(body, within(MS_200)).await, MS_200);
}

#[tokio::test]
async fn time_is_measured_by_the_clock_of_the_run() {
    let body = r#"(data (i32.const 0) "{}") (func (export "_start")
        (call $sleep_ms (i64.const 3600000)) (call $print (i32.const 1) (i32.const 0) (i32.const 2)))"#;
    let hour = Duration::from_secs(3600);
    for (limit, enough) in [(hour / 2, false), (hour * 2, true)] {
        let clock = HandMovedClock::new();
        let mut run = within(limit);
        run.clock = Arc::new(clock.clone());
        let module = guest(body).await;
        let running = tokio::spawn(async move { sandbox().run(&module, run).await.unwrap() });
        clock.a_guest_sleeps().await;
        clock.advance(limit.min(hour));
        let report = running.await.unwrap();
        assert_eq!(matches!(report.end, RunEnd::Returned(_)), enough);
        assert_eq!(matches!(report.end, RunEnd::OutOfTime { .. }), !enough);
        assert_eq!(report.duration, limit.min(hour));
    }
}

/// Has so many bytes for one guest beyond those that it begins with.
struct Purse(Mutex<u64>);

impl GuestMemory for Purse {
    fn grow(&self, more: u64) -> Result<(), String> {
        let mut left = self.0.lock().unwrap();
        *left = left.checked_sub(more).ok_or_else(|| format!("{left} are left of {more}"))?;
        Ok(())
    }
}

#[tokio::test]
async fn a_guest_gets_no_more_than_its_host_has() {
    let grow = |pages: u32| {
        format!(
            r#"(table 10 200 funcref) (func (export "_start")
            (drop (table.grow (ref.null func) (i32.const 100)))
            (drop (memory.grow (i32.const 70000)))
            (if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then unreachable)))"#
        )
    };
    let from = |bytes: u64| Run { memory: Arc::new(Purse(Mutex::new(bytes))), ..run() };
    let (table, page) = (100 * 8, 65536);
    assert_eq!(end(&grow(3), from(table + 3 * page)).await, RunEnd::Silent);
    let reason = format!("{} are left of {}", 3 * page - 1, 3 * page);
    assert_eq!(end(&grow(3), from(table + 3 * page - 1)).await, RunEnd::OutOfHostMemory { reason });
    let written = r#"(func (export "_start") (local $left i32) (local.set $left (i32.const 10)) (loop $again
        (call $print (i32.const 2) (i32.const 0) (i32.const 30000))
        (local.set $left (i32.sub (local.get $left) (i32.const 1))) (br_if $again (local.get $left))))"#;
    assert_eq!(end(written, from(4 * page)).await, RunEnd::Silent);
    let refused = end(written, from(2 * page)).await;
    assert!(matches!(refused, RunEnd::OutOfHostMemory { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_result_of_many_values_takes_memory_of_its_host() {
    let zeros = format!("[0{}]", ",0".repeat(19_999));
    let with = |bytes: u64| Run { memory: Arc::new(Purse(Mutex::new(bytes))), ..run() };
    let returned = end(&printing(&zeros), with(2 << 20)).await;
    assert!(matches!(&returned, RunEnd::Returned(value) if value.as_array().unwrap().len() == 20_000), "{returned:?}");
    let refused = end(&printing(&zeros), with(1 << 20)).await;
    assert!(matches!(refused, RunEnd::OutOfHostMemory { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_guest_that_does_not_survive_a_refused_growth_is_out_of_memory() {
    let body = r#"(func (export "_start")
        (if (i32.eq (memory.grow (i32.const 100)) (i32.const -1)) (then unreachable)))"#;
    let mut small = run();
    small.limits.memory_bytes = 10 * 65536;
    assert_eq!(end(body, small).await, RunEnd::OutOfMemory { limit_bytes: 10 * 65536 });
    let enough = report(body, run()).await;
    assert_eq!((enough.end, enough.peak_memory_bytes), (RunEnd::Silent, 102 * 65536));
}

#[tokio::test]
async fn a_guest_that_handles_a_refused_growth_goes_on() {
    let body = r#"(func (export "_start") (drop (memory.grow (i32.const 60000))))"#;
    assert_eq!(end(body, run()).await, RunEnd::Silent);
}

#[tokio::test]
async fn a_module_that_starts_with_too_much_memory_is_out_of_memory() {
    let module = prepare(r#"(module (memory (export "memory") 8192) (func (export "_start")))"#).await.unwrap();
    let report = sandbox().run(&module, run()).await.unwrap();
    assert_eq!(report.end, RunEnd::OutOfMemory { limit_bytes: 256 << 20 });
}

#[tokio::test]
async fn tables_do_not_grow_beyond_their_limit() {
    let body = r#"(table $t 1 funcref) (data (i32.const 0) "[1]") (func (export "_start")
        (if (i32.eq (table.grow $t (ref.null func) (i32.const 1000000)) (i32.const -1))
            (then (call $print (i32.const 1) (i32.const 0) (i32.const 3)))))"#;
    assert!(matches!(end(body, run()).await, RunEnd::Returned(_)));
}

#[tokio::test]
async fn deep_recursion_is_a_stack_overflow() {
    let body = r#"(func $f (call $f)) (func (export "_start") (call $f))"#;
    let report = report(body, run()).await;
    assert_eq!(report.end, RunEnd::StackOverflow);
    assert_eq!(texts(&report)[0], "wasm trap: call stack exhausted");
}

#[tokio::test]
async fn a_run_leaves_nothing_for_the_next() {
    let body = r#"(global $runs (mut i32) (i32.const 0)) (data (i32.const 9) "[1]")
        (func (export "_start")
            (if (i32.or (global.get $runs) (i32.load (i32.const 70000))) (then unreachable))
            (global.set $runs (i32.const 1))
            (i32.store (i32.const 70000) (i32.const 1))
            (call $print (i32.const 1) (i32.const 9) (i32.const 3)))"#;
    for _ in 0..100 {
        assert!(matches!(end(body, run()).await, RunEnd::Returned(_)));
    }
}

#[tokio::test]
async fn a_write_from_outside_the_memory_ends_the_guest() {
    for (list, buffer) in [(-4, 0), (0, -4)] {
        let body = format!(
            r#"(func (export "_start")
                (i32.store (i32.const 0) (i32.const {buffer})) (i32.store (i32.const 4) (i32.const 100))
                (drop (call $fd_write (i32.const 1) (i32.const {list}) (i32.const 1) (i32.const 8))))"#
        );
        let end = end(&body, run()).await;
        assert!(matches!(&end, RunEnd::Trapped { message } if message.contains("out of bounds")), "{end:?}");
    }
}

#[tokio::test]
async fn wasi_calls_over_a_limit_get_an_error_number() {
    let body = r#"(func (export "_start")
        (i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const -1))
        (if (i32.ne (i32.const 48) (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (then unreachable))
        (if (i32.ne (i32.const 48) (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
            (then unreachable))
        (if (i32.ne (i32.const 28) (call $poll_oneoff (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 8)))
            (then unreachable))
        (if (i32.ne (i32.const 21) (call $poll_oneoff (i32.const -9) (i32.const 0) (i32.const 1) (i32.const 8)))
            (then unreachable)))"#;
    assert_eq!(end(body, run()).await, RunEnd::Silent);
}

#[tokio::test]
async fn a_stream_is_ready_however_long_a_clock_takes() {
    let body = r#"(func (export "_start")
        (i64.store (i32.const 0) (i64.const 7)) (i32.store8 (i32.const 8) (i32.const 0))
        (i32.store (i32.const 16) (i32.const 1)) (i64.store (i32.const 24) (i64.const -1))
        (i64.store (i32.const 48) (i64.const 8)) (i32.store8 (i32.const 56) (i32.const 1))
        (drop (call $poll_oneoff (i32.const 0) (i32.const 200) (i32.const 2) (i32.const 300)))
        (if (i32.ne (i32.const 1) (i32.load (i32.const 300))) (then unreachable))
        (if (i64.ne (i64.const 8) (i64.load (i32.const 200))) (then unreachable))
        (if (i32.ne (i32.const 0x10000) (i32.load (i32.const 208))) (then unreachable)))"#;
    assert_eq!(end(body, run()).await, RunEnd::Silent);
}

#[tokio::test]
async fn a_guest_that_asks_for_too_many_random_bytes_traps() {
    let asking_for = |length: u32| {
        format!(
            r#"(module (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
                (memory (export "memory") 300)
                (func (export "_start") (if (call $random (i32.const 0) (i32.const {length})) (then unreachable))
                    (if (i64.eqz (i64.or (i64.load (i32.const 0)) (i64.load (i32.const 8)))) (then unreachable))))"#
        )
    };
    let most = sandbox().config().random_bytes as u32;
    let module = prepare(&asking_for(most)).await.unwrap();
    assert_eq!(sandbox().run(&module, run()).await.unwrap().end, RunEnd::Silent);
    let module = prepare(&asking_for(most + 1)).await.unwrap();
    assert!(matches!(sandbox().run(&module, run()).await.unwrap().end, RunEnd::Trapped { .. }));
}

#[tokio::test]
async fn there_are_neither_files_nor_sockets() {
    let module = prepare(
        r#"(module
            (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "path_open"
                (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "/etc/passwd")
            (func (export "_start") (local $fd i32)
                (loop $again
                    (if (i32.ne (i32.const 8) (call $prestat (local.get $fd) (i32.const 100))) (then unreachable))
                    (if (i32.ne (i32.const 8) (call $open (local.get $fd) (i32.const 0) (i32.const 0) (i32.const 11)
                        (i32.const 0) (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 100))) (then unreachable))
                    (if (i32.ne (i32.const 57) (call $accept (local.get $fd) (i32.const 0) (i32.const 100)))
                        (then unreachable))
                    (br_if $again (i32.lt_u (local.tee $fd (i32.add (local.get $fd) (i32.const 1))) (i32.const 20))))))"#,
    );
    assert_eq!(sandbox().run(&module.await.unwrap(), run()).await.unwrap().end, RunEnd::Silent);
}

#[tokio::test]
async fn a_stopped_run_ends_after_its_turn_and_keeps_its_logs() {
    let body = r#"(data (i32.const 0) "hello\n") (func (export "_start")
        (call $print (i32.const 2) (i32.const 0) (i32.const 6)) (loop $forever (br $forever)))"#;
    let (run, stop) = stoppable(run());
    let module = guest(body).await;
    let running = tokio::spawn(async move { sandbox().run(&module, run).await.unwrap() });
    tokio::time::sleep(Duration::from_millis(50)).await; // in the middle of its own code
    stop.stop();
    stop.stop();
    let report = running.await.unwrap();
    assert_eq!((report.end.clone(), texts(&report)), (RunEnd::Cancelled, vec!["hello"]));
}

#[tokio::test]
async fn a_run_that_was_stopped_before_it_began_ends_at_its_first_wait() {
    let (run, stop) = stoppable(run());
    stop.stop();
    let sleeping = r#"(func (export "_start") (call $sleep_ms (i64.const 100000)))"#;
    assert_eq!(end(sleeping, run).await, RunEnd::Cancelled);
}

#[tokio::test]
async fn clocks_show_microseconds() {
    let clock = r#"(module
        (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "_start") (local $left i32)
            (local.set $left (i32.const 1000))
            (loop $again
                (drop (call $time (i32.const 0) (i64.const 1) (i32.const 0)))
                (drop (call $time (i32.const 1) (i64.const 1) (i32.const 8)))
                (if (i64.ne (i64.const 0) (i64.rem_u (i64.load (i32.const 0)) (i64.const 1000))) (then unreachable))
                (if (i64.ne (i64.const 0) (i64.rem_u (i64.load (i32.const 8)) (i64.const 1000))) (then unreachable))
                (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))"#;
    let module = prepare(clock).await.unwrap();
    assert_eq!(sandbox().run(&module, run()).await.unwrap().end, RunEnd::Silent);
}
