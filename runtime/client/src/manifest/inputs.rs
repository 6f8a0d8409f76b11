//! `inputs` of a manifest: each is a value, or a description of a parameter in the format of wskdeploy.

use serde_json::{Map, Value, json};

/// The fields of a description.
const DESCRIPTION: [&str; 7] = ["type", "description", "value", "default", "required", "status", "schema"];

/// The parameters that `inputs`, or its older name, gives.
pub fn read(parameters: Option<Map<String, Value>>, inputs: Option<Map<String, Value>>) -> Map<String, Value> {
    let all = parameters.into_iter().chain(inputs).flatten();
    all.filter_map(|(name, input)| Some((name, value(&input)?))).collect()
}

/// The value of an input: the input itself, the value or default of a description, or the empty value of its type.
/// `None`: a description without any of these.
fn value(input: &Value) -> Option<Value> {
    match input {
        Value::Object(members) if is_description(members) => {
            let given = members.get("value").or_else(|| members.get("default")).filter(|value| !value.is_null());
            given.cloned().or_else(|| empty(members.get("type")?.as_str()?))
        }
        Value::String(text) => Some(empty(text).unwrap_or_else(|| input.clone())),
        _ => Some(input.clone()),
    }
}

fn is_description(members: &Map<String, Value>) -> bool {
    let known = members.keys().all(|key| DESCRIPTION.contains(&key.as_str()));
    known && ["type", "value", "default"].iter().any(|key| members.contains_key(*key))
}

/// The value of a parameter that has only a type.
fn empty(kind: &str) -> Option<Value> {
    match kind {
        "string" => Some(json!("")),
        "integer" => Some(json!(0)),
        "float" => Some(json!(0.0)),
        "boolean" => Some(json!(false)),
        "json" | "object" => Some(json!({})),
        _ => None,
    }
}

/// The input for a parameter's value; the inverse of [`read`].
pub fn written(value: &Value) -> Value {
    let plain = match value {
        Value::String(text) => empty(text).is_none(),
        Value::Object(members) => !is_description(members),
        Value::Null => false,
        _ => true,
    };
    if plain { value.clone() } else { json!({ "value": value }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_a_value_or_a_description_of_one() {
        for (input, parameter) in [
            (json!(5), Some(json!(5))),
            (json!("hello"), Some(json!("hello"))),
            (json!("string"), Some(json!(""))),
            (json!({ "type": "string", "value": "x" }), Some(json!("x"))),
            (json!({ "value": "string" }), Some(json!("string"))),
            (json!({ "type": "integer", "default": 3, "description": "d" }), Some(json!(3))),
            (json!({ "type": "boolean" }), Some(json!(false))),
            (json!({ "description": "d", "type": "other" }), None),
            (json!({ "value": 1, "own": 2 }), Some(json!({ "value": 1, "own": 2 }))),
            (json!([1, "string"]), Some(json!([1, "string"]))),
        ] {
            assert_eq!(value(&input), parameter, "{input}");
        }
        for parameter in [json!("string"), json!({ "value": 1 }), json!("x"), json!({}), json!([]), json!(0)] {
            assert_eq!(value(&written(&parameter)), Some(parameter));
        }
    }
}
