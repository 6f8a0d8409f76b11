//! Prints a result of `depth` nested objects: `{"a":{"a":{}}}` is three deep.

use serde::Deserialize;

#[derive(Deserialize)]
struct Args {
    depth: usize,
}

/// Writes the text itself, because a serializer would run out of stack.
fn main() {
    let args: Args = serde_json::from_reader(std::io::stdin()).expect("`depth` is a number");
    let inside = args.depth.saturating_sub(1);
    println!("{}{{}}{}", r#"{"a":"#.repeat(inside), "}".repeat(inside));
}
