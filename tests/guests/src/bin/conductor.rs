//! A conductor that follows `plan`, a list: each time it returns the first entry and keeps the others in its state.
//! With `forever`, the name of an action, it invokes that again and again. At the end of the plan it returns its
//! arguments.

use serde_json::{Map, Value, json};

#[wask_sdk::action]
fn conductor(mut args: Map<String, Value>) -> Value {
    if let Some(action) = args.get("forever") {
        return json!({ "action": action, "state": { "forever": action } });
    }
    match args.remove("plan") {
        Some(Value::Array(plan)) if !plan.is_empty() => turn(plan),
        _ => Value::Object(args),
    }
}

fn turn(mut plan: Vec<Value>) -> Value {
    let mut now = plan.remove(0);
    if now.get("action").is_some() && now.get("state").is_none_or(Value::is_object) {
        now["state"]["plan"] = Value::Array(plan);
    }
    now
}
