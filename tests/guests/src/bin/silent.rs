//! Ends well and prints nothing.

fn main() {}
