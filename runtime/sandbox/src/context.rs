//! What belongs to one run and lives in its store, and how host functions reach the guest's memory.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wasmtime::{Caller, Extern, Memory};

use crate::clock::GuestClock;
use crate::host::Calls;
use crate::limits::Growth;
use crate::output::Output;
use crate::relay::Signals;

/// Everything a host function or a limit check can see of its run.
pub(crate) struct Context {
    pub growth: Growth,
    pub output: Output,
    pub calls: Calls,
    pub wasi: Wasi,
    pub clock: Arc<dyn GuestClock>,
    /// In the time of `clock.monotonic()`.
    pub deadline: Duration,
    pub signals: Arc<Signals>,
    /// Known once the instance is ready; start functions have to look it up.
    pub memory: Option<Memory>,
}

/// What the guest gets from the operating system it believes in.
pub(crate) struct Wasi {
    /// What is left of standard input.
    pub stdin: Bytes,
    pub env: Vec<(String, String)>,
    /// One bit per open descriptor; there are only 0, 1 and 2.
    pub open: u8,
    pub write_bytes: usize,
    pub random_bytes: usize,
    pub poll_subscriptions: usize,
}

pub(crate) fn memory_of(caller: &mut Caller<'_, Context>) -> Option<Memory> {
    match caller.data().memory {
        Some(memory) => Some(memory),
        None => caller.get_export("memory").and_then(Extern::into_memory),
    }
}

/// `length` bytes at `start`, or `None` where the guest has no memory.
pub(crate) fn slice(memory: &[u8], start: u32, length: u32) -> Option<&[u8]> {
    memory.get(start as usize..)?.get(..length as usize)
}

pub(crate) fn slice_mut(memory: &mut [u8], start: u32, length: u32) -> Option<&mut [u8]> {
    memory.get_mut(start as usize..)?.get_mut(..length as usize)
}
