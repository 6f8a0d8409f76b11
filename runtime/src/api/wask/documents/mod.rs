//! The JSON documents of wask's own routes.

pub mod alarm;
pub mod audit;
