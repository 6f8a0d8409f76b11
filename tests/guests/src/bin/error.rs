//! Ends with the application error `error`, or with null.

use serde_json::Value;

#[wask_sdk::action]
fn error(mut args: Value) -> Result<(), Value> {
    Err(args["error"].take())
}
