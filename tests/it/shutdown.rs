//! Stories about shutdown.
