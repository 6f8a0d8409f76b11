//! Returns a JSON array: its arguments, twice.

#[wask_sdk::action]
fn array(args: serde_json::Value) -> [serde_json::Value; 2] {
    [args.clone(), args]
}
