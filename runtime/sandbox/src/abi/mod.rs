//! What a guest can import: WASI preview 1 and the host calls of module `wask`.

mod command;
mod context;
mod host_calls;
mod poll;

pub(crate) use command::{add_to as add_command, system};
pub(crate) use context::{Context, Remains};
pub use host_calls::{Frame, HostCalls, NoHostCalls};
pub(crate) use host_calls::{HostCallState, add_to as add_host_calls};
