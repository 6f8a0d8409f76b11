//! Stories about dev.
