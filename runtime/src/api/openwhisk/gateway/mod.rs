//! The gateway: the APIs that `wsk api` and `aio rt api` make of web actions, served and managed.

pub mod manage;
mod request;
pub mod serve;
mod swagger;
