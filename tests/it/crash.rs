//! Stories about crash.
