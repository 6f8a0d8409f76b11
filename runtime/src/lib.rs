//! wask: the OpenWhisk / Adobe I/O Runtime programming model, every action a WebAssembly module in a fresh sandbox.
//!
//! The modules stand in the order of the import rule: nothing imports a later line. `README.md` beside this crate is the
//! map.

pub mod clock;

pub mod memory;

pub mod outside_changes;
pub mod read_through;
pub mod retry;

pub mod disk_space;
pub mod gate;
pub mod queue;
pub mod retention;

pub mod catalog;

pub mod idempotency;

pub mod delivery;

pub mod callbacks;
pub mod gateway;
pub mod invoke;

pub mod firing;

pub mod alarms;
pub mod host;

pub mod api;

pub mod telemetry;

pub mod config;
pub mod node;

pub mod cli;
