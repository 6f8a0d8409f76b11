//! How a run ended. Guest misbehaviour is an outcome, not an error.

use std::time::Duration;

use serde_json::Value;

use crate::output::LogLine;

/// What is known of a run after its instance is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct RunReport {
    /// How it ended.
    pub end: RunEnd,
    /// All lines of stderr, and those of stdout before the result, in the order in which they were written.
    pub logs: Vec<LogLine>,
    /// Time to make the instance ready, including the module's start function. `None`: it was never ready.
    pub init: Option<Duration>,
    /// Time from request to end, including `init`.
    pub duration: Duration,
    /// The most linear memory that the guest had.
    pub peak_memory_bytes: u64,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEnd {
    /// The guest ended well, and its last line was this JSON object or array.
    Returned(Value),
    /// The guest ended well, and its last line was neither object nor array.
    NotJson {
        /// That line.
        raw: String,
    },
    /// The guest ended well and wrote no result.
    Silent,
    /// The guest did not end in time.
    OutOfTime {
        /// The time it had.
        limit: Duration,
    },
    /// The run was ended from outside, see [`Stop`](crate::Stop).
    Cancelled,
    /// The guest asked for too much memory and did not survive the refusal.
    OutOfMemory {
        /// The memory it was allowed.
        limit_bytes: u64,
    },
    /// The host had no memory left for the guest or for what it wrote, see [`GuestMemory`](crate::GuestMemory).
    OutOfHostMemory {
        /// Why, as the host said it.
        reason: String,
    },
    /// The guest recursed too deeply.
    StackOverflow,
    /// The guest called `proc_exit` with a code other than 0.
    Exited {
        /// The exit code.
        code: i32,
        /// Its last line, if that was an object or array.
        result: Option<Value>,
    },
    /// The guest panicked, aborted or did something that WebAssembly does not allow.
    Trapped {
        /// The cause and, one per line, the functions it occurred in.
        message: String,
    },
    /// The last line is longer than allowed.
    ResultTooLarge {
        /// Its length.
        size_bytes: u64,
        /// The length it was allowed.
        limit_bytes: u64,
        /// Its first `limit_bytes`.
        prefix: String,
    },
    /// The guest made too many host calls and did not survive the refusal.
    HostCallsExhausted {
        /// How many it was allowed.
        limit: u32,
    },
}
