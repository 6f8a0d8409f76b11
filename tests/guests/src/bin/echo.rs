//! Returns its arguments, `__ow_*` included.

#[wask_sdk::action]
fn echo(args: serde_json::Value) -> serde_json::Value {
    args
}
