//! Runs a guest once: takes a WebAssembly module, checks and compiles it, and gives every run a fresh instance that is
//! thrown away afterwards. The only wasmtime in the tree. It knows neither store, HTTP nor configuration files, and what
//! a run's outcome means to a caller is decided elsewhere.
//!
//! A module's way: [`upload::decode`] → [`Sandbox::prepare`] (bounds → compile → cache) → [`Sandbox::load`] →
//! [`Sandbox::run`] (run → relay → output → report).

mod sandbox;

mod deploy;
mod run;

mod abi;
mod output;

mod digest;
mod engine;

/// The log directive under which a guest's system calls leave no trace: the WASI library opens a span for each, which
/// costs more than most of the calls.
pub const QUIET_LOGS: &str = "wasmtime_wasi=warn";

#[cfg(test)]
mod tests;

pub use abi::{Frame, HostCalls, NoHostCalls};
pub use deploy::upload;
pub use digest::{Digest, InvalidDigest};
pub use engine::{
    GuestClock, ModuleBounds, RefusedModule, RunLimits, SandboxConfig, SandboxError, Sleep, Stop, SystemClock,
    ZipBounds,
};
pub use output::{LogLine, LogSink, Stream};
pub use run::{Module, Run, RunEnd, RunReport};
pub use sandbox::Sandbox;
