//! From what a client posted to a module that is ready to run: decode, bound, compile, cache.

mod bounds;
mod cache;
mod compile;
mod modules;
pub mod upload;

pub(crate) use bounds::at_most;
pub(crate) use compile::Compiler;
pub(crate) use modules::Modules;
