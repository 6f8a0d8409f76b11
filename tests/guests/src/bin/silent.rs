//! Ends normally and prints nothing.

fn main() {}
