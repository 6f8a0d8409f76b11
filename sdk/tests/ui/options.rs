#[wask_sdk::action(timeout = 60)]
fn greet(args: serde_json::Value) -> serde_json::Value {
    args
}
