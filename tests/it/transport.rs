//! Stories about transport.
