#![doc = include_str!("../README.md")]

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
pub use manifest::{ManifestContents, parse as parse_manifest, wanted as read_manifest, written as write_manifest};
pub use names::Scope;
