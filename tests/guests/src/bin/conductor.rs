//! Conducts as it is told: `plan` is a list of what to return turn by turn, the rest of it is kept in the state; `forever` is
//! an action to call again and again. At the end of the plan it returns what it was given.

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
