//! Facts about an entity that steer the platform, and the keys that it knows.

pub mod keys;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Failure, keyed, messages};

/// A set of `{key, value}` in the order in which the keys were added; of equal keys the last one wins. rest.md
/// §2.4.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Annotations(Vec<(String, Value)>);

impl Annotations {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, value)| value)
    }

    /// Whether the value is the boolean `true`; `"true"` is not.
    pub fn is_true(&self, key: &str) -> bool {
        self.get(key) == Some(&Value::Bool(true))
    }

    /// Adds `key`, or replaces its value.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        let value = value.into();
        match self.0.iter_mut().find(|(k, _)| k == key) {
            Some((_, slot)) => *slot = value,
            None => self.0.push((key.to_owned(), value)),
        }
    }

    /// Removes `key` if it is there.
    pub fn remove(&mut self, key: &str) {
        self.0.retain(|(k, _)| k != key);
    }

    /// Removes every one of these keys that is there.
    pub fn remove_all(&mut self, keys: &HashSet<String>) {
        self.0.retain(|(key, _)| !keys.contains(key));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// This set with `key` [set](Annotations::set) to `value`.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.set(key, value);
        self
    }

    /// [Sets](Annotations::set) every annotation of `over`.
    pub fn merge(&mut self, over: Annotations) {
        self.set_all(over.0);
    }

    fn set_all(&mut self, pairs: impl IntoIterator<Item = (String, Value)>) {
        keyed::set_all(&mut self.0, pairs, |(key, _)| key);
    }

    /// Key and value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v))
    }

    /// Bytes of the keys plus bytes of the compact JSON of the values, as the limit `parameters_bytes` counts them.
    pub fn size(&self) -> u64 {
        self.iter().map(|(k, v)| (k.len() + json_size(v)) as u64).sum()
    }
}

impl FromIterator<(String, Value)> for Annotations {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(pairs: I) -> Self {
        let mut all = Annotations::default();
        all.set_all(pairs);
        all
    }
}

/// Whether a value counts as set: everything does except `false`, `0`, `""` and `null`. rest.md §2.4.
pub fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(s) => !s.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// Bytes of the compact JSON of a value.
pub(crate) fn json_size(value: &Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value).expect("a JSON value always serializes");
    count.0
}

#[derive(Serialize)]
struct Out<'a> {
    key: &'a str,
    value: &'a Value,
}

/// An array of `{key, value}`.
impl Serialize for Annotations {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|(key, value)| Out { key, value }))
    }
}

impl<'de> Deserialize<'de> for Annotations {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Value::deserialize(deserializer)?;
        Annotations::from_wire(&wire).map_err(serde::de::Error::custom)
    }
}

impl Annotations {
    /// Parses an array of `{key, value}`; `Err` says `parameters malformed!`.
    pub fn from_wire(wire: &Value) -> Result<Self, Failure> {
        let malformed = || Failure::malformed(messages::PARAMETERS_MALFORMED);
        let pair = |item: &Value| {
            let key = item.get("key")?.as_str()?.to_owned();
            Some((key, item.get("value")?.clone()))
        };
        let items = wire.as_array().ok_or_else(malformed)?;
        items.iter().map(|item| pair(item).ok_or_else(malformed)).collect()
    }
}
