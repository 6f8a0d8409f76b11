//! Ends with a line that is not JSON: `text`, or "this is not JSON". A `text` like `3` is JSON, but no object or array.

fn main() {
    let args: serde_json::Value = serde_json::from_reader(std::io::stdin()).expect("arguments are JSON");
    println!("{}", args["text"].as_str().unwrap_or("this is not JSON"));
}
