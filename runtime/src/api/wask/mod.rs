//! What is wask's own and no part of OpenWhisk's API.

pub mod activations;
pub mod alarms;
pub mod audit;
pub mod callbacks;
pub mod dead_letters;
pub mod docs;
pub mod documents;
pub mod tasks;
