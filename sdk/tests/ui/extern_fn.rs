#[wask_sdk::action]
extern "C" fn greet(args: serde_json::Value) -> serde_json::Value {
    args
}
