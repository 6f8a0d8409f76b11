//! What a guest can import: WASI preview 1 and the host calls of module `wask`.

mod checkpoint;

mod command;
mod library;
mod pieces;
mod poll;

mod frames;
mod host_calls;

mod context;

use wasmtime::{Engine, Linker};

use crate::engine::SandboxError;

pub(crate) use command::system;
pub(crate) use context::{Context, Remains};
pub(crate) use frames::HostCallState;
pub use frames::{Frame, HostCalls, NoHostCalls};

/// Links everything that a guest can import.
pub(crate) fn link(engine: &Engine) -> Result<Linker<Context>, SandboxError> {
    let mut linker = Linker::new(engine);
    command::add_to(&mut linker)
        .and_then(|()| host_calls::add_to(&mut linker))
        .map_err(|cause| SandboxError::internal("cannot link the host functions", cause))?;
    Ok(linker)
}
