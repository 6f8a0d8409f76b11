//! What wask adds to an activation: its status, its log while it is written, cancel, rerun and input.

pub mod follow;
pub mod manage;
pub mod status;
