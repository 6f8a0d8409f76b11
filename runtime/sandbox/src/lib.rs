//! Runs a guest once: takes a WebAssembly module, checks and compiles it, and gives every run a fresh instance that is
//! thrown away afterwards. The only wasmtime in the tree. It knows neither store, HTTP nor configuration files, and what
//! a run's outcome means to a caller is decided elsewhere.
//!
//! A module's way: [`upload::decode`] → [`Sandbox::prepare`] (bounds → compile → cache) → [`Sandbox::load`] →
//! [`Sandbox::run`] (run → relay → output → ended).

mod sandbox;

pub mod upload;

mod bounds;
mod cache;
mod compile;
mod digest;
mod modules;

mod context;
mod host;
mod limits;
mod logs;
mod output;
mod relay;
mod run;
mod streams;
mod verdict;
mod wasi;
mod wasi_poll;

mod clock;
mod config;
mod ended;
mod engine;
mod error;
mod priority;

/// The log directive under which a guest's system calls leave no trace: the WASI library opens a span for each, which
/// costs more than most of the calls.
pub const QUIET_LOGS: &str = "wasmtime_wasi=warn";

#[cfg(test)]
mod tests;

pub use clock::{GuestClock, Sleep, SystemClock};
pub use config::{ModuleBounds, SandboxConfig, ZipBounds};
pub use digest::{Digest, InvalidDigest};
pub use ended::{RunEnd, RunReport};
pub use error::{RefusedModule, SandboxError};
pub use host::{Frame, HostCalls, NoHostCalls};
pub use limits::RunLimits;
pub use logs::{LogLine, LogSink, Stream};
pub use modules::Module;
pub use relay::Stop;
pub use run::Run;
pub use sandbox::Sandbox;
