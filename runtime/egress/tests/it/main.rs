//! Stories of requests that leave: real sockets on loopback, names from a resolver in memory.
#![allow(clippy::unwrap_used)] // all of it is test, its helpers too

mod receiver;
mod rig;

mod abuse;
mod ssrf;
mod tls;
mod wire;
