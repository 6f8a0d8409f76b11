//! Host calls.

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::{Frame, HostCalls};

/// Answers with the header of the request under `echo`, and with the body of the request.
struct Echo;

#[async_trait]
impl HostCalls for Echo {
    async fn call(&self, request: Frame) -> Frame {
        Frame { header: json!({ "echo": request.header }), body: request.body }
    }
}

/// Never answers.
struct Deaf;

#[async_trait]
impl HostCalls for Deaf {
    async fn call(&self, _request: Frame) -> Frame {
        std::future::pending().await
    }
}

/// Answers with a body of three MiB.
struct Verbose;

#[async_trait]
impl HostCalls for Verbose {
    async fn call(&self, _request: Frame) -> Frame {
        Frame { header: json!({}), body: Bytes::from(vec![b'x'; 3 << 20]) }
    }
}

fn with(host: impl HostCalls + 'static) -> Run {
    let mut run = run();
    run.host = Arc::new(host);
    run
}

/// A guest that sends `request` and traps unless the call returns `code`.
fn expecting(request: &str, code: i64) -> String {
    let length = request.len();
    let data: String = request.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    format!(
        r#"(data (i32.const 0) "{data}") (func (export "_start")
            (if (i64.ne (i64.const {code}) (call $call (i32.const 0) (i32.const {length}))) (then unreachable)))"#
    )
}

#[tokio::test]
async fn a_guest_calls_a_service_and_takes_its_response() {
    let body = r#"(data (i32.const 0) "{\"op\":\"x\"}\0a[1,2]") (func (export "_start") (local $n i32)
        (local.set $n (i32.wrap_i64 (call $call (i32.const 0) (i32.const 16))))
        (if (i32.ne (call $take (i32.const -5)) (i32.const -1)) (then unreachable))
        (if (i32.ne (call $take (i32.const 1000)) (local.get $n)) (then unreachable))
        (if (i32.ne (call $take (i32.const 1000)) (i32.const -1)) (then unreachable))
        (call $print (i32.const 1) (i32.const 1000) (local.get $n)))"#;
    let report = report(body, with(Echo)).await;
    assert_eq!(report.end, RunEnd::Returned(json!([1, 2])));
    let header: Value = serde_json::from_str(&report.logs[0].text).unwrap();
    assert_eq!(header, json!({ "echo": { "op": "x" } }));
}

#[tokio::test]
async fn malformed_and_oversized_frames_are_refused_with_a_code() {
    assert_eq!(end(&expecting("{}", -1), with(Echo)).await, RunEnd::Silent); // no line end
    assert_eq!(end(&expecting("[]\n", -1), with(Echo)).await, RunEnd::Silent); // not an object
    assert_eq!(end(&expecting("{}\n", -2), with(Verbose)).await, RunEnd::Silent);
    let outside = r#"(func (export "_start")
        (if (i64.ne (i64.const -1) (call $call (i32.const -9) (i32.const 90000))) (then unreachable))
        (if (i64.ne (i64.const -2) (call $call (i32.const 0) (i32.const -1))) (then unreachable)))"#;
    assert_eq!(end(outside, with(Echo)).await, RunEnd::Silent);
}

#[tokio::test]
async fn calls_beyond_the_budget_are_refused() {
    let twice = r#"(data (i32.const 0) "{}\0a") (func (export "_start")
        (drop (call $call (i32.const 0) (i32.const 3)))
        (if (i64.eq (i64.const -3) (call $call (i32.const 0) (i32.const 3))) (then unreachable)))"#;
    let mut once = with(Echo);
    once.limits.host_calls = 1;
    assert_eq!(end(twice, once).await, RunEnd::HostCallsExhausted { limit: 1 });
    assert_eq!(end(twice, with(Echo)).await, RunEnd::Silent);
}

#[tokio::test]
async fn an_unanswered_call_ends_at_the_deadline() {
    let clock = HandMovedClock::new();
    let mut run = with(Deaf);
    run.clock = Arc::new(clock.clone());
    let limit = run.limits.time;
    let module = guest(&expecting("{}\n", 0)).await;
    let running = tokio::spawn(async move { sandbox().run(&module, run).await.unwrap() });
    clock.a_guest_sleeps().await;
    clock.advance(limit);
    assert_eq!(running.await.unwrap().end, RunEnd::OutOfTime { limit });
}

#[tokio::test]
async fn a_run_that_is_stopped_in_a_host_call_ends_at_once() {
    let (run, stop) = stoppable(with(Deaf));
    let module = guest(&expecting("{}\n", 0)).await;
    let running = tokio::spawn(async move { sandbox().run(&module, run).await.unwrap() });
    tokio::task::yield_now().await;
    stop.stop();
    assert_eq!(running.await.unwrap().end, RunEnd::Cancelled);
}
