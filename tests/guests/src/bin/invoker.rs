//! Invokes action `name` with `params`, `blocking`, `result` and `timeout` (ms), and returns the host's answer
//! unchanged. A refusal becomes `{"refused":{"reason":…,"error":…}}`.

use serde_json::{Map, Value, json};

#[wask_sdk::action]
fn invoker(mut args: Map<String, Value>) -> Value {
    let params = args.remove("params").unwrap_or(json!({}));
    args.insert("op".into(), "actions.invoke".into());
    match wask_sdk::__private::exchange(&args, params.to_string().as_bytes()) {
        Ok(answer) => serde_json::from_slice(&answer).unwrap_or_default(),
        Err(refused) => json!({ "refused": { "reason": refused.reason, "error": refused.message } }),
    }
}
