//! Panics with `message`.

use serde_json::Value;

#[wask_sdk::action]
fn panic(args: Value) -> Value {
    panic!("{}", args["message"].as_str().unwrap_or("as it was told"));
}
