//! Stories about limits.
