//! The contract of Apache OpenWhisk, with what wask adds to its routes.

pub mod actions;
pub mod activations;
pub mod documents;
pub mod entities;
pub mod gateway;
pub mod info;
pub mod namespaces;
pub mod packages;
pub mod rules;
pub mod triggers;
pub mod web;
