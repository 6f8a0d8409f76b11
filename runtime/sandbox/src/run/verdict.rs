//! Decides how a run ended, from wasmtime's result and from what the guest wrote.

use std::fmt::Write as _;
use std::time::Duration;

use rustc_demangle::demangle;
use serde_json::Value;
use wasmtime::{Error, PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use super::report::{RunEnd, RunReport};
use crate::abi::Remains;
use crate::engine::{RunLimits, SandboxError, StopReason};
use crate::output::Line;

/// The values of a shorter result are not charged: the number of guests bounds them.
const SMALL: usize = 16 << 10;
/// What one value takes, with its place in an array or an object.
const VALUE_BYTES: u64 = 64;

/// The times of a run, see [`RunReport`].
pub(super) struct RunTimes {
    pub init: Option<Duration>,
    pub duration: Duration,
}

/// The report of a run. `Err`: no instance was free, or the caller has gone.
pub(super) fn report(
    ended: Result<(), Error>,
    mut remains: Remains,
    limits: &RunLimits,
    RunTimes { init, duration }: RunTimes,
) -> Result<RunReport, SandboxError> {
    let at = remains.clock.wall();
    remains.output.close(at);
    let end = match ended {
        Ok(()) => ended_well(&mut remains, limits),
        Err(error) => failed(&error, &mut remains, limits, at)?,
    };
    let peak_memory_bytes = remains.growth.peak as u64;
    Ok(RunReport { end, logs: remains.output.into_logs(at), init, duration, peak_memory_bytes })
}

/// The end of a guest that returned or exited with 0: its last line is the result.
fn ended_well(remains: &mut Remains, limits: &RunLimits) -> RunEnd {
    if let Some(reason) = remains.output.refused() {
        return RunEnd::OutOfHostMemory { reason };
    }
    let Some(line) = remains.output.take_last() else { return RunEnd::Silent };
    if line.size > limits.result_bytes {
        let end = line.bytes.len().min(limits.result_bytes as usize);
        let prefix = String::from_utf8_lossy(&line.bytes[..end]).into_owned();
        return RunEnd::ResultTooLarge { size_bytes: line.size, limit_bytes: limits.result_bytes, prefix };
    }
    if let Err(reason) = remains.growth.host.grow(bytes_of_values(&line)) {
        return RunEnd::OutOfHostMemory { reason };
    }
    match result_in(&line) {
        Some(value) => RunEnd::Returned(value),
        None => RunEnd::NotJson { raw: String::from_utf8_lossy(&line.bytes).trim().to_owned() },
    }
}

/// What the values of a result take in the memory of the host, about, beside what their text took.
fn bytes_of_values(line: &Line) -> u64 {
    if line.bytes.len() <= SMALL {
        return 0;
    }
    let begins = line.bytes.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count() as u64;
    begins * VALUE_BYTES
}

/// The JSON of a line. `None`: it is neither object nor array, or nested more than 128 levels deep.
fn result_in(line: &Line) -> Option<Value> {
    let value: Value = serde_json::from_slice(&line.bytes).ok()?;
    (value.is_object() || value.is_array()).then_some(value)
}

/// The end of a guest that wasmtime or the host stopped.
fn failed(error: &Error, remains: &mut Remains, limits: &RunLimits, at: Duration) -> Result<RunEnd, SandboxError> {
    match error.downcast_ref::<StopReason>() {
        Some(StopReason::OutOfTime) => return Ok(RunEnd::OutOfTime { limit: limits.time }),
        Some(StopReason::Cancelled) => return Ok(RunEnd::Cancelled),
        Some(StopReason::Abandoned) => return Err(SandboxError::Internal("the run was abandoned".into())),
        None => (),
    }
    if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
        return Ok(exited(*code, remains, limits));
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return Err(SandboxError::Busy);
    }
    if let Some(used_up) = used_up(remains, limits) {
        return Ok(used_up);
    }
    let message = message(error);
    remains.output.say(at, &message);
    Ok(match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => RunEnd::StackOverflow,
        _ => RunEnd::Trapped { message },
    })
}

/// The end of a guest that called `proc_exit`.
fn exited(code: i32, remains: &mut Remains, limits: &RunLimits) -> RunEnd {
    if code == 0 {
        return ended_well(remains, limits);
    }
    let is_result = |line: &Line| line.size <= limits.result_bytes && result_in(line).is_some();
    if remains.output.last().is_some_and(is_result) {
        let result = remains.output.take_last().and_then(|line| result_in(&line));
        return RunEnd::Exited { code, result };
    }
    used_up(remains, limits).unwrap_or(RunEnd::Exited { code, result: None })
}

/// The end of a guest that failed after it had reached a limit. `None`: it reached none.
fn used_up(remains: &Remains, limits: &RunLimits) -> Option<RunEnd> {
    if remains.growth.refused {
        return Some(RunEnd::OutOfMemory { limit_bytes: limits.memory_bytes });
    }
    if let Some(reason) = remains.growth.host_refused.clone().or_else(|| remains.output.refused()) {
        return Some(RunEnd::OutOfHostMemory { reason });
    }
    remains.calls.used_up.then_some(RunEnd::HostCallsExhausted { limit: limits.host_calls })
}

/// The cause, and the functions that were running, innermost first.
fn message(error: &Error) -> String {
    let mut message = error.root_cause().to_string();
    let frames = error.downcast_ref::<WasmBacktrace>().map(WasmBacktrace::frames).unwrap_or_default();
    for frame in frames {
        let _ = match frame.func_name() {
            Some(name) => write!(message, "\n  at {:#}", demangle(name)), // writing to a string cannot fail
            None => write!(message, "\n  at function {}", frame.func_index()),
        };
    }
    message
}
