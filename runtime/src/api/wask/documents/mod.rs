//! JSON shapes of wask's own routes ↔ model.

pub mod alarm;
pub mod audit;
