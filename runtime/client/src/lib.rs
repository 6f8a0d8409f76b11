//! The client: the command grammar of `wsk`, spoken to any OpenWhisk server over HTTP. Knows nothing of the server's parts.

mod actions;
mod activations;
mod callbacks;
mod clock;
mod command;
mod connection;
mod dead_letters;
mod entities;
mod environment;
mod failure;
mod feeds;
mod gateway;
mod http;
mod manifest;
mod names;
pub mod namespaces;
mod packages;
mod parameters;
mod property;
mod rules;
mod screen;
mod tasks;
mod trace;
mod triggers;
pub mod wskprops;
mod yaml;

pub use command::{Command, NounArgs, run};
pub use connection::{Connection, Format};
pub use names::Scope;
