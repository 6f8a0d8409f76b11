//! Default arguments of packages, bindings, actions and triggers, and how arguments are merged.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::annotations::json_size;
use crate::{Failure, keyed, messages};

/// The arguments of one run: a JSON object.
pub type Arguments = Map<String, Value>;

/// One default argument.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Parameter {
    /// The name of the argument.
    pub key: String,
    /// Its default.
    pub value: Value,
    /// Whether it goes into the environment of the run in place of its arguments.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub init: bool,
}

/// A set of parameters in the order in which their keys were added; of equal keys the last one wins. rest.md
/// §2.4.
///
/// ```
/// use serde_json::json;
/// use wask_model::Parameters;
///
/// let package = json!([{ "key": "unit", "value": "km" }, { "key": "TOKEN", "value": "s", "init": true }]);
/// let action = json!([{ "key": "unit", "value": "mile" }]);
/// let merged = Parameters::from_wire(&package)?.overlaid_by(&Parameters::from_wire(&action)?);
/// assert_eq!(json!(merged.run_arguments()), json!({ "unit": "mile" }));
/// assert_eq!(merged.environment().collect::<Vec<_>>(), [("TOKEN".to_owned(), "s".to_owned())]);
/// # Ok::<(), wask_model::Failure>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Parameters(Vec<Parameter>);

impl Parameters {
    /// The parameter named `key`.
    pub fn get(&self, key: &str) -> Option<&Parameter> {
        self.0.iter().find(|p| p.key == key)
    }

    /// Whether it has no parameter.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a parameter, or replaces the one with its key.
    pub fn set(&mut self, parameter: Parameter) {
        match self.0.iter_mut().find(|p| p.key == parameter.key) {
            Some(old) => *old = parameter,
            None => self.0.push(parameter),
        }
    }

    fn set_all(&mut self, parameters: impl IntoIterator<Item = Parameter>) {
        keyed::set_all(&mut self.0, parameters, |parameter| &parameter.key);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The parameters, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Parameter> {
        self.0.iter()
    }

    /// This set with every parameter of `over` [set](Parameters::set) in it.
    #[must_use]
    pub fn overlaid_by(&self, over: &Parameters) -> Parameters {
        let mut all = self.clone();
        all.set_all(over.iter().cloned());
        all
    }

    /// The parameters that a run gets as arguments: all but the `init` ones.
    pub fn run_arguments(&self) -> Arguments {
        self.iter().filter(|p| !p.init).map(|p| (p.key.clone(), p.value.clone())).collect()
    }

    /// The `init` parameters as environment variables: strings as they are, null as `""`, the rest as compact JSON.
    /// rest.md §3.7.
    pub fn environment(&self) -> impl Iterator<Item = (String, String)> {
        self.iter().filter(|p| p.init).map(|p| {
            let text = match &p.value {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            (p.key.clone(), text)
        })
    }

    /// Bytes of the keys plus bytes of the compact JSON of the values, as the limit `parameters_bytes` counts them.
    pub fn size(&self) -> u64 {
        self.iter().map(|p| (p.key.len() + json_size(&p.value)) as u64).sum()
    }

    /// Parses an array of `{key, value[, init]}`; `Err` says `parameters malformed!`.
    pub fn from_wire(wire: &Value) -> Result<Self, Failure> {
        let malformed = || Failure::malformed(messages::PARAMETERS_MALFORMED);
        let parameter = |item: &Value| {
            let key = item.get("key").and_then(Value::as_str)?.to_owned();
            let value = item.get("value")?.clone();
            let init = item.get("init").map_or(Some(false), Value::as_bool)?;
            Some(Parameter { key, value, init })
        };
        let items = wire.as_array().ok_or_else(malformed)?.iter().map(|item| parameter(item).ok_or_else(malformed));
        let mut all = Parameters::default();
        all.set_all(items.collect::<Result<Vec<_>, _>>()?);
        Ok(all)
    }
}

impl FromIterator<(String, Value)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(pairs: I) -> Self {
        let mut all = Parameters::default();
        all.set_all(pairs.into_iter().map(|(key, value)| Parameter { key, value, init: false }));
        all
    }
}

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Value::deserialize(deserializer)?;
        Parameters::from_wire(&wire).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parameters_parse_and_print_and_the_last_of_equal_keys_wins() {
        let wire = json!([
            {"key":"a","value":1}, {"key":"s","value":"x","init":true,"other":1}, {"key":"a","value":null,"init":false}
        ]);
        let read = Parameters::from_wire(&wire).unwrap();
        assert_eq!(
            serde_json::to_value(&read).unwrap(),
            json!([{"key":"a","value":null},{"key":"s","value":"x","init":true}])
        );
    }

    #[test]
    fn other_shapes_are_malformed() {
        for wire in [
            json!({"a":1}),
            json!([{"key":"a"}]),
            json!([{"value":1}]),
            json!([{"key":1,"value":1}]),
            json!([{"key":"a","value":1,"init":"x"}]),
        ] {
            assert!(Parameters::from_wire(&wire).unwrap_err().to_string().ends_with("parameters malformed!"), "{wire}");
        }
    }

    #[test]
    fn init_parameters_become_environment_text() {
        let wire = json!([
            {"key":"n","value":null,"init":true}, {"key":"o","value":{"a":1},"init":true}, {"key":"r","value":1}
        ]);
        let read = Parameters::from_wire(&wire).unwrap();
        let environment: Vec<_> = read.environment().collect();
        assert_eq!(environment, [("n".into(), String::new()), ("o".into(), "{\"a\":1}".to_owned())]);
        assert_eq!(Value::Object(read.run_arguments()), json!({"r":1}));
    }
}
