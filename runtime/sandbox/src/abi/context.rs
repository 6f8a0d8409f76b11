//! What belongs to one run and lives in its store, and how host functions reach the guest's memory.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::{Caller, Extern, Memory};
use wasmtime_wasi::p1::WasiP1Ctx;

use super::frames::HostCallState;
use crate::engine::{Growth, GuestClock, Signals};
use crate::output::{GuestOutput, Output};

/// Everything a host function or a limit check can see of its run.
pub(crate) struct Context {
    pub growth: Growth,
    pub written: Arc<GuestOutput>,
    pub calls: HostCallState,
    /// What the guest gets from the operating system it believes in.
    pub wasi: WasiP1Ctx,
    pub poll_subscriptions: u32,
    pub clock: Arc<dyn GuestClock>,
    /// In the time of `clock.monotonic()`.
    pub deadline: Duration,
    pub signals: Arc<Signals>,
    /// Known once the instance is ready; start functions have to look it up.
    pub memory: Option<Memory>,
}

/// What is left of a run when its guest is gone.
pub(crate) struct Remains {
    pub growth: Growth,
    pub output: Output,
    pub calls: HostCallState,
    pub clock: Arc<dyn GuestClock>,
}

impl Context {
    pub fn into_remains(self) -> Remains {
        let Context { growth, written, calls, wasi, clock, .. } = self;
        drop(wasi); // and the streams in it
        Remains { growth, output: GuestOutput::into_output(written), calls, clock }
    }
}

pub(super) fn memory_of(caller: &mut Caller<'_, Context>) -> Option<Memory> {
    match caller.data().memory {
        Some(memory) => Some(memory),
        None => caller.get_export("memory").and_then(Extern::into_memory),
    }
}

/// `length` bytes at `start`, or `None` where the guest has no memory.
pub(super) fn slice(memory: &[u8], start: u32, length: u32) -> Option<&[u8]> {
    memory.get(start as usize..)?.get(..length as usize)
}

pub(super) fn slice_mut(memory: &mut [u8], start: u32, length: u32) -> Option<&mut [u8]> {
    memory.get_mut(start as usize..)?.get_mut(..length as usize)
}
