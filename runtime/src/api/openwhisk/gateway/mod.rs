//! The gateway: manages and serves the APIs that `wsk api` and `aio rt api` create from web actions.

pub mod manage;
mod request;
pub mod serve;
mod swagger;
