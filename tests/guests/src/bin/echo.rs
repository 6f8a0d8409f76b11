//! Returns its arguments, including `__ow_*`.

#[wask_sdk::action]
fn echo(args: serde_json::Value) -> serde_json::Value {
    args
}
