#[wask_sdk::action]
unsafe fn greet(args: serde_json::Value) -> serde_json::Value {
    args
}
