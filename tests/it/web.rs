//! Stories about web.
