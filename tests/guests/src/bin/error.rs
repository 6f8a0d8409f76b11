//! Ends with the application error `error`; without one the error is null.

use serde_json::Value;

#[wask_sdk::action]
fn error(mut args: Value) -> Result<(), Value> {
    Err(args["error"].take())
}
