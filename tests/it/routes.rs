//! Stories about routes.
