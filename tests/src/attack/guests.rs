//! Guests that do not let go of the processor.

use serde_json::json;

use super::storm::storm;
use super::{Attack, Noted, Target};
use crate::wat;

/// No throttle ends these attacks.
pub(super) const UNLIMITED: &[(&str, &str)] =
    &[("WASK_LIMITS__CONCURRENT_INVOCATIONS", "0"), ("WASK_LIMITS__INVOCATIONS_PER_MINUTE", "0")];

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        Attack { name: "endless loops", settings: UNLIMITED, launch: |on| Box::pin(endless_loops(on)) },
        Attack { name: "unrolled random_get", settings: UNLIMITED, launch: |on| Box::pin(unrolled(on, RANDOM)) },
        Attack { name: "unrolled fd_write", settings: UNLIMITED, launch: |on| Box::pin(unrolled(on, WRITE)) },
        Attack { name: "unrolled clock_time_get", settings: UNLIMITED, launch: |on| Box::pin(unrolled(on, CLOCK)) },
    ]
}

/// Eight clients submit endless loops asynchronously, as fast as they are accepted.
async fn endless_loops(on: Target) -> Noted {
    let limits = json!({ "limits": { "timeout": 1000 } });
    on.attacker.create_action_with("loop", &wat("endless-loop"), limits).await;
    let counts = storm(&on, 8, |on, _| async move {
        let path = "/api/v1/namespaces/_/actions/loop";
        on.attacker.try_send(on.attacker.request(reqwest::Method::POST, path)).await
    });
    counts.await.to_string()
}

/// A host call that a guest repeats without a loop: its import, one call, and how often.
struct Unrolled {
    imports: &'static str,
    call: &'static str,
    times: usize,
}

const RANDOM: Unrolled = Unrolled {
    imports: r#"(import "wasi_snapshot_preview1" "random_get" (func $f (param i32 i32) (result i32)))"#,
    call: "(drop (call $f (i32.const 1024) (i32.const 0x1000000)))",
    times: 2000,
};

/// Writes 16 MiB from one vector: eight bytes at address 0 say where it begins and how long it is.
const WRITE: Unrolled = Unrolled {
    imports: r#"(import "wasi_snapshot_preview1" "fd_write" (func $f (param i32 i32 i32 i32) (result i32)))"#,
    call: "(drop (call $f (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16)))",
    times: 2000,
};

const CLOCK: Unrolled = Unrolled {
    imports: r#"(import "wasi_snapshot_preview1" "clock_time_get" (func $f (param i32 i64 i32) (result i32)))"#,
    call: "(drop (call $f (i32.const 1) (i64.const 0) (i32.const 64)))",
    times: 8_000, // compiled in a moment; a story has two seconds for all
};

impl Unrolled {
    /// The module as text. The memory holds one vector of 16 MiB at address 0.
    fn module(&self) -> String {
        let calls = self.call.repeat(self.times);
        format!(
            r#"(module {}
            (memory (export "memory") 257)
            (data (i32.const 0) "\00\04\00\00\00\00\ff\00")
            (func $many {calls})
            (func (export "_start") (loop $again (call $many) (br $again))))"#,
            self.imports
        )
    }
}

/// Guests that repeat a host call in a straight line, and what the call is.
pub fn unrolled_guests() -> [(&'static str, String); 3] {
    [("random_get", RANDOM.module()), ("fd_write", WRITE.module()), ("clock_time_get", CLOCK.module())]
}

/// Two clients invoke, blocking, a guest that repeats a host call in a straight line; its time limit is one second, or
/// less in a story.
async fn unrolled(on: Target, calls: Unrolled) -> Noted {
    let limits = json!({ "limits": { "timeout": on.count(300, 1000) } });
    on.attacker.create_action_with("unrolled", &calls.module(), limits).await;
    let counts = storm(&on, 2, |on, _| async move {
        let path = "/api/v1/namespaces/_/actions/unrolled?blocking=true";
        on.attacker.try_send(on.attacker.request(reqwest::Method::POST, path)).await
    });
    counts.await.to_string()
}
