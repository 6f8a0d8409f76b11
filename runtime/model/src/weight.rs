//! About how many bytes of memory a value takes, so that caches and queues can be bounded in bytes.

use std::mem::size_of;

use serde_json::{Map, Value};

use crate::{Activation, Annotations, Api, Entity, Exec, Parameters};

/// Bytes of what belongs to every entity, record or route: names, versions, times, the allocations themselves.
const BASE: u64 = 1024;
/// Bytes of an entry of an object in addition to its key and value: a key's text header, a hash, an index.
const ENTRY: u64 = 48;

/// About how many bytes of memory a value takes, everything that it owns included.
pub trait Weight {
    /// Bytes. Linear in the size of the value.
    fn weight(&self) -> u64;
}

impl Weight for Value {
    fn weight(&self) -> u64 {
        let owned = match self {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.capacity() as u64,
            Value::Array(items) => items.iter().map(Weight::weight).sum(),
            Value::Object(members) => members.weight(),
        };
        size_of::<Value>() as u64 + owned
    }
}

/// About how many bytes of memory the value of a JSON text will take, judged by the number of its commas and brackets.
pub fn weight_of_json(text: &str) -> u64 {
    let begins = text.bytes().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count() as u64 + 1;
    text.len() as u64 + begins * (size_of::<Value>() as u64 + ENTRY)
}

impl Weight for Map<String, Value> {
    fn weight(&self) -> u64 {
        self.iter().map(|(key, value)| ENTRY + key.capacity() as u64 + value.weight()).sum()
    }
}

impl Weight for Parameters {
    fn weight(&self) -> u64 {
        self.iter().map(|parameter| ENTRY + parameter.key.capacity() as u64 + parameter.value.weight()).sum()
    }
}

impl Weight for Annotations {
    fn weight(&self) -> u64 {
        self.iter().map(|(key, value)| ENTRY + key.len() as u64 + value.weight()).sum()
    }
}

impl Weight for Entity {
    fn weight(&self) -> u64 {
        let own = match self {
            Entity::Action(action) => action.parameters.weight() + action.exec.weight(),
            Entity::Trigger(trigger) => {
                let rules = trigger.rules.as_ref().map_or(0, |rules| rules.len() as u64);
                trigger.parameters.weight() + rules * BASE
            }
            Entity::Rule(_) => 0,
            Entity::Package(package) => package.parameters.weight(),
        };
        BASE + self.head().annotations.weight() + own
    }
}

impl Weight for Exec {
    fn weight(&self) -> u64 {
        match self {
            Exec::Wasm { main, image, .. } => {
                [main, image].into_iter().flatten().map(|text| text.capacity() as u64).sum()
            }
            Exec::Sequence { components } => components.len() as u64 * BASE,
            Exec::Builtin => 0,
        }
    }
}

impl Weight for Activation {
    fn weight(&self) -> u64 {
        let logs: u64 = self.logs.iter().map(|line| (size_of::<String>() + line.capacity()) as u64).sum();
        let input = self.input.as_ref().map_or(0, Weight::weight);
        BASE + self.response.result.weight() + logs + self.annotations.weight() + input
    }
}

impl Weight for Api {
    fn weight(&self) -> u64 {
        let text = |text: &str| 2 * text.len() as u64; // as it is, and in its pieces
        let routes = self
            .routes
            .iter()
            .map(|route| BASE + text(route.path.as_str()) + route.operation.as_ref().map_or(0, Weight::weight));
        BASE + text(self.base_path.as_str()) + self.document.as_ref().map_or(0, Weight::weight) + routes.sum::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn small_values_weigh_much_more_than_their_text() {
        let numbers = Value::from(vec![1; 1000]);
        assert!(1000 * 24 <= numbers.weight(), "{} for {} bytes", numbers.weight(), numbers.to_string().len());
        assert!(numbers.weight() <= weight_of_json(&numbers.to_string()));
        let text = Value::from("x".repeat(1000));
        assert!((1000..1200).contains(&text.weight()), "{}", text.weight());
        assert!(text.weight() + 100 < json!({ "a": text.clone(), "b": {} }).weight());
    }
}
