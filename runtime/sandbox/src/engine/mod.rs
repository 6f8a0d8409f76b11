//! The wasmtime engine: which features of WebAssembly guests may use, where their memory lies, and the tick that ends
//! their turns. Next to it, what every other folder uses: settings, limits, clock, errors, and the relay that polls a
//! guest.

mod back;
mod clock;
mod config;
mod error;
mod front;
mod limits;
mod priority;
mod relay;
mod swap;
mod ticks;

use std::num::NonZeroUsize;
use std::time::Duration;

use tracing::info;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Strategy, WasmFeatures};

pub(crate) use clock::Stopwatch;
pub use clock::{GuestClock, Sleep, SystemClock};
pub use config::{ModuleBounds, SandboxConfig, ZipBounds};
pub(crate) use error::quoted;
pub use error::{RefusedModule, SandboxError};
pub(crate) use limits::Growth;
pub use limits::{GuestMemory, RunLimits, Unmetered};
pub(crate) use priority::{LOW_PRIORITY, lower_this_thread};
pub use relay::Stop;
pub(crate) use relay::{Pollers, Relay, Signals, StopReason, until};
pub(crate) use ticks::Ticks;

/// The most functions that a trap's message names.
const MOST_FRAMES: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not 0");
/// Bytes per instance for a module's functions, globals and imports. 50,000 functions take about 2 MiB.
const INSTANCE_BYTES: usize = 4 << 20;

/// Features that no guest may use: threads and shared memory, more than one memory, 64-bit memory, garbage collection,
/// exceptions, components, instructions whose results differ between machines, and unfinished proposals.
const REFUSED_FEATURES: WasmFeatures = WasmFeatures::THREADS
    .union(WasmFeatures::SHARED_EVERYTHING_THREADS)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::MEMORY64)
    .union(WasmFeatures::GC)
    .union(WasmFeatures::FUNCTION_REFERENCES)
    .union(WasmFeatures::EXCEPTIONS)
    .union(WasmFeatures::LEGACY_EXCEPTIONS)
    .union(WasmFeatures::COMPONENT_MODEL)
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::CUSTOM_PAGE_SIZES)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::STACK_SWITCHING);

/// Sets up the engine that runs guests and starts its tick. `Err`: the engine does not accept a setting, or no thread
/// can be started.
pub(crate) fn build(config: &SandboxConfig) -> Result<(Engine, Ticks), SandboxError> {
    let engine = with_memory(config, InstanceAllocationStrategy::Pooling(pool(config)))?;
    let ticks = Ticks::default();
    start_ticking(&engine, &ticks, Duration::from_millis(config.epoch_tick_ms))?;
    Ok((engine, ticks))
}

/// Sets up an engine that only compiles. It reserves no memory for guests, which would be terabytes of address space;
/// what it compiles runs on the engine of [`build`].
pub(crate) fn build_compiler(config: &SandboxConfig) -> Result<Engine, SandboxError> {
    with_memory(config, InstanceAllocationStrategy::OnDemand)
}

fn with_memory(config: &SandboxConfig, strategy: InstanceAllocationStrategy) -> Result<Engine, SandboxError> {
    let mut settings = Config::new();
    settings
        .strategy(Strategy::Cranelift)
        .wasm_features(REFUSED_FEATURES, false)
        .shared_memory(false)
        .epoch_interruption(true)
        .max_wasm_stack(config.guest_stack_bytes as usize)
        .async_stack_size((config.guest_stack_bytes + config.host_stack_bytes) as usize)
        .wasm_backtrace_max_frames(Some(MOST_FRAMES))
        .parallel_compilation(false) // `deploy::compiler` has its own threads, few and of low priority
        .allocation_strategy(strategy);
    Engine::new(&settings).map_err(|cause| SandboxError::internal("cannot set up the engine", cause))
}

fn pool(config: &SandboxConfig) -> PoolingAllocationConfig {
    let keep = resident_bytes_to_keep(config);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(config.max_instances)
        .total_memories(config.max_instances)
        .total_stacks(config.max_instances)
        .total_tables(config.max_instances.saturating_mul(config.tables.min(2)))
        .max_memories_per_module(1)
        .max_tables_per_module(config.tables)
        .max_memory_size(config.max_memory_bytes as usize)
        .max_core_instance_size(INSTANCE_BYTES)
        .table_elements(config.table_elements as usize)
        .linear_memory_keep_resident(keep)
        .table_keep_resident(keep.min(64 << 10))
        .pagemap_scan(Enabled::Auto);
    pool
}

/// How much memory of a finished guest is cleared for the next one instead of being given back to the system.
fn resident_bytes_to_keep(config: &SandboxConfig) -> usize {
    if !PoolingAllocationConfig::is_pagemap_scan_available() {
        return 0; // all resident memory would be cleared each time, which is slower than giving it back
    }
    if config.keep_resident_bytes > 0 && swap::is_possible() {
        info!("the system may swap, so no memory of a finished guest is kept for the next one");
        return 0; // the scan sees only pages that are present
    }
    config.keep_resident_bytes as usize
}

/// Ends the turn of every guest once per tick, until the engine is dropped.
fn start_ticking(engine: &Engine, ticks: &Ticks, tick: Duration) -> Result<(), SandboxError> {
    let (engine, ticks) = (engine.weak(), ticks.clone());
    let ticker = move || {
        loop {
            std::thread::sleep(tick);
            let Some(engine) = engine.upgrade() else { return };
            ticks.advance();
            engine.increment_epoch();
        }
    };
    std::thread::Builder::new()
        .name("wask-tick".into())
        .spawn(ticker)
        .map_err(|cause| SandboxError::internal("cannot start the tick thread", cause))?;
    Ok(())
}
