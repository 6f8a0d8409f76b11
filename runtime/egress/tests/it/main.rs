//! Tests of outbound requests, with real sockets on loopback and names from a resolver in memory.
#![allow(clippy::unwrap_used)] // all of it is test code, including the helpers

mod receiver;
mod rig;

mod abuse;
mod ssrf;
mod tls;
mod wire;
