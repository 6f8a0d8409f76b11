//! Stories about readme.
