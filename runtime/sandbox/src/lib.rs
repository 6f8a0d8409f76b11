#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod sandbox;

mod deploy;
mod run;

mod abi;
mod output;

mod digest;
mod engine;

/// A log directive that silences the WASI library. It opens a span for each system call of a guest, which costs more
/// than most of the calls.
pub const QUIET_LOGS: &str = "wasmtime_wasi=warn";

#[cfg(test)]
mod tests;

pub use abi::{Frame, HostCalls, NoHostCalls};
pub use deploy::{CompileIn, compile_module, upload};
pub use digest::{Digest, InvalidDigest};
pub use engine::{
    GuestClock, GuestMemory, ModuleBounds, RefusedModule, RunLimits, SandboxConfig, SandboxError, Sleep, Stop,
    SystemClock, Unmetered, ZipBounds,
};
pub use output::{LogLine, LogSink, Stream};
pub use run::{Module, Run, RunEnd, RunReport};
pub use sandbox::Sandbox;
