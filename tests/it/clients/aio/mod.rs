//! `aio rt`: Adobe's command line. A command takes about a second, so a story has few of them.

mod actions;
mod activations;
mod deploy;
mod errors;
mod events;
mod packages;
mod routes;
mod web;
