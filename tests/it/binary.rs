//! Stories about binary.
