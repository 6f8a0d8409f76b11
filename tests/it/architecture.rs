//! Stories about architecture.
