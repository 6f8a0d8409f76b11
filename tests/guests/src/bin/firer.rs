//! Fires trigger `name` with `payload` through the SDK and returns `{"activationId":…}`, null if no rule is active. A
//! refusal becomes `{"refused":{"reason":…,"error":…}}`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct Args {
    name: String,
    #[serde(default)]
    payload: Map<String, Value>,
}

#[wask_sdk::action]
fn firer(args: Args) -> Value {
    match wask_sdk::fire(&args.name, &args.payload) {
        Ok(id) => json!({ "activationId": id }),
        Err(refused) => json!({ "refused": { "reason": refused.reason, "error": refused.message } }),
    }
}
