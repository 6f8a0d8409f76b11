//! Stories about asynchronous.
