#[wask_sdk::action]
fn main(args: serde_json::Value) -> serde_json::Value {
    args
}
