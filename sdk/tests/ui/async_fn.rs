#[wask_sdk::action]
async fn greet(args: serde_json::Value) -> serde_json::Value {
    args
}
