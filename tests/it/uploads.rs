//! Stories about uploads.
