//! From what a client posted to a module that is ready to run: decode, queue, and in a process of its own assemble,
//! bound and compile; then cache.

mod bounds;
mod cache;
mod child;
mod compiler;
mod descriptors;
mod function;
mod modules;
mod process;
mod queue;
mod refused;
mod text;
mod translator;
pub mod upload;

pub(crate) use bounds::at_most;
pub use child::compile_module;
pub use compiler::CompileIn;
pub(crate) use compiler::Compiler;
pub(crate) use descriptors::{LOOK, OutOfDescriptors, WAIT};
pub(crate) use modules::Modules;
