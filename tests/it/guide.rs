//! Stories about guide.
