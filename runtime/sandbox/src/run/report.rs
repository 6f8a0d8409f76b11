//! How a run ended. Guest misbehaviour is an outcome, not an error.

use std::time::Duration;

use serde_json::Value;

use crate::output::LogLine;

/// What is known of a run after its instance is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct RunReport {
    pub end: RunEnd,
    /// Every stdout line before the result and all of stderr, in the order they were written.
    pub logs: Vec<LogLine>,
    /// Time to make the instance ready, including a module's start function. `None`: it never was.
    pub init: Option<Duration>,
    /// Time from request to end, `init` included.
    pub duration: Duration,
    /// Most linear memory the guest had.
    pub peak_memory_bytes: u64,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEnd {
    /// The last line was this JSON object or array.
    Returned(Value),
    /// The last line was something else, `raw`.
    NotJson { raw: String },
    /// The guest ended well without writing a result.
    Silent,
    /// The guest did not end within `limit`.
    OutOfTime { limit: Duration },
    /// Somebody ended it, see [`Stop`](crate::Stop).
    Cancelled,
    /// The guest asked for more than `limit_bytes` of memory and did not survive the refusal.
    OutOfMemory { limit_bytes: u64 },
    /// The guest recursed too deeply.
    StackOverflow,
    /// The guest called `proc_exit` with a code other than 0. `result` is its last line if that was an object or array.
    Exited { code: i32, result: Option<Value> },
    /// The guest panicked, aborted or did something impossible; `message` is the cause and the guest's functions, one per line.
    Trapped { message: String },
    /// The last line has `size_bytes`, more than `limit_bytes`; `prefix` holds its beginning.
    ResultTooLarge { size_bytes: u64, limit_bytes: u64, prefix: String },
    /// The guest made more host calls than `limit` and did not survive the refusal.
    HostCallsExhausted { limit: u32 },
}
