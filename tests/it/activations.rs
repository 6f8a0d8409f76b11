//! Stories about activations.
