//! The state of one run in its store, and how host functions reach the guest's memory.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::{Caller, Extern, Memory};
use wasmtime_wasi::p1::WasiP1Ctx;

use super::frames::HostCallState;
use crate::engine::{Growth, GuestClock, Signals, Ticks};
use crate::output::{GuestOutput, Output};

/// What host functions and limit checks can see of their run.
pub(crate) struct Context {
    pub growth: Growth,
    pub written: Arc<GuestOutput>,
    pub calls: HostCallState,
    /// The guest's view of an operating system.
    pub wasi: WasiP1Ctx,
    pub poll_subscriptions: u32,
    /// The most random bytes per call.
    pub random_bytes: u64,
    pub clock: Arc<dyn GuestClock>,
    /// When the guest must end, as `clock.monotonic()` measures it.
    pub deadline: Duration,
    pub signals: Arc<Signals>,
    pub ticks: Ticks,
    /// Set once the instance is ready. Until then, in a start function, it is looked up.
    pub memory: Option<Memory>,
}

/// What remains of a run after its guest is gone.
pub(crate) struct Remains {
    pub growth: Growth,
    pub output: Output,
    pub calls: HostCallState,
    pub clock: Arc<dyn GuestClock>,
}

impl Context {
    /// Drops the guest's streams and keeps what the report needs.
    pub fn into_remains(self) -> Remains {
        let Context { growth, written, calls, wasi, clock, .. } = self;
        drop(wasi); // and the streams in it
        Remains { growth, output: GuestOutput::into_output(written), calls, clock }
    }
}

/// The memory that the guest exports.
pub(super) fn memory_of(caller: &mut Caller<'_, Context>) -> Option<Memory> {
    match caller.data().memory {
        Some(memory) => Some(memory),
        None => caller.get_export("memory").and_then(Extern::into_memory),
    }
}

/// `length` bytes at `start`. `None`: they are not all within the memory.
pub(super) fn slice(memory: &[u8], start: u32, length: u32) -> Option<&[u8]> {
    memory.get(start as usize..)?.get(..length as usize)
}

/// Like [`slice`], to write to.
pub(super) fn slice_mut(memory: &mut [u8], start: u32, length: u32) -> Option<&mut [u8]> {
    memory.get_mut(start as usize..)?.get_mut(..length as usize)
}
