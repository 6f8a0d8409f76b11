//! What wask adds to an activation: status, input, cancel, rerun, and following a log while it is written.

pub mod follow;
pub mod lookup;
pub mod manage;
pub mod stage;
pub mod status;
