//! The npm package `openwhisk`, as programs and actions use it.

mod actions;
mod activations;
mod events;
mod inside;
mod packages;
mod routes;
