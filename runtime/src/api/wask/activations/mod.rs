//! What wask adds to an activation: status, input, cancel, rerun, and following a log while it is written.

pub mod document;
pub mod follow;
pub mod manage;
pub mod status;
