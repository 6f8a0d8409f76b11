//! Converts between the JSON documents of the contract and the model.

pub mod action;
pub mod activation;
pub mod package;
pub mod record;
mod reference;
pub mod rule;
pub mod summary;
pub mod trigger;
