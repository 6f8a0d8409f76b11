//! Frames of host calls: a guest sends the input as one, and the answer, which repeats it, as the next.

use std::sync::{Arc, LazyLock, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Map, Value};
use wask_sandbox::{Frame, HostCalls, Module, Run, RunEnd};

use super::sandbox;

/// Reads its input, calls with it, and calls with the answer.
const GUEST: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wask" "call" (func $call (param i32 i32) (result i64)))
  (import "wask" "take" (func $take (param i32) (result i32)))
  (memory (export "memory") 4)
  (func (export "_start") (local $length i32) (local $answer i64)
    (block $end (loop $more
      (i32.store (i32.const 0) (i32.add (i32.const 1024) (local.get $length)))
      (i32.store (i32.const 4) (i32.sub (i32.const 65536) (local.get $length)))
      (br_if $end (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
      (br_if $end (i32.eqz (i32.load (i32.const 8))))
      (local.set $length (i32.add (local.get $length) (i32.load (i32.const 8))))
      (br $more)))
    (local.set $answer (call $call (i32.const 1024) (local.get $length)))
    (if (i64.ge_s (local.get $answer) (i64.const 0)) (then
      (drop (call $take (i32.const 131072)))
      (drop (call $call (i32.const 131072) (i32.wrap_i64 (local.get $answer))))))))"#;

static MODULE: LazyLock<Module> = LazyLock::new(|| {
    let code = sandbox::decode(GUEST).expect("a guest");
    sandbox::prepare(code).expect("a guest")
});

pub fn run(input: &[u8]) {
    let most = sandbox::config().frame_bytes as usize;
    if input.len() > 2 * most {
        return;
    }
    let echo = Arc::new(Echo::default());
    let mut run = Run::new(Bytes::copy_from_slice(input));
    run.host = echo.clone();
    let report = sandbox::run(&MODULE, run);
    assert_eq!(report.end, RunEnd::Silent);

    let seen = echo.0.lock().expect("no panic while held").clone();
    match expected(input).filter(|_| input.len() <= most) {
        None => assert!(seen.is_empty(), "not a frame, but read as {seen:?}"),
        Some(frame) => {
            assert_eq!(seen.first(), Some(&frame));
            let answer = frame.header.to_string().len() + 1 + frame.body.len();
            let again = if answer <= most { vec![frame; 2] } else { vec![frame] };
            assert_eq!(seen, again, "written and read again");
        }
    }
}

/// A JSON object, a line end and a body.
fn expected(input: &[u8]) -> Option<Frame> {
    let mut parts = input.splitn(2, |byte| *byte == b'\n');
    let (header, body) = (parts.next()?, parts.next()?);
    let header: Map<String, Value> = serde_json::from_slice(header).ok()?;
    Some(Frame { header: header.into(), body: Bytes::copy_from_slice(body) })
}

/// Answers every frame with itself.
#[derive(Default)]
struct Echo(Mutex<Vec<Frame>>);

#[async_trait]
impl HostCalls for Echo {
    async fn call(&self, request: Frame) -> Frame {
        self.0.lock().expect("no panic while held").push(request.clone());
        request
    }
}
