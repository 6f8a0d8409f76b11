//! Stories about collections.
