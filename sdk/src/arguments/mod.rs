//! Parses standard input into the author's type, with errors that name the argument.

use std::fmt::{self, Display};

use serde::de::value::StringDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

/// Parses the arguments. An empty text counts as `{}`. `Err` is a sentence for the caller of the action.
pub fn parse<A: DeserializeOwned>(text: &str) -> Result<A, String> {
    if text.trim().is_empty() {
        return from_members(Map::new());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => from_members(members),
        Ok(other) => A::deserialize(other).map_err(|cause| format!("arguments: {cause}")), // an array in a sequence
        Err(cause) => Err(format!("arguments: {cause}")),
    }
}

/// Reads named arguments. Numbers and booleans may be given as text, because a query string contains only text.
pub fn from_members<A: DeserializeOwned>(members: Map<String, Value>) -> Result<A, String> {
    A::deserialize(Arguments(members)).map_err(|cause| cause.0)
}

/// All arguments, as a deserializer.
struct Arguments(Map<String, Value>);

impl<'de> Deserializer<'de> for Arguments {
    type Error = ArgumentError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgumentError> {
        visitor.visit_map(Members { left: self.0.into_iter(), current: None })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgumentError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ArgumentError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ArgumentError> {
        let whole = Value::Object(self.0);
        whole.deserialize_enum(name, variants, visitor).map_err(|cause| ArgumentError(format!("arguments: {cause}")))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// The arguments that have not been read yet.
struct Members {
    left: serde_json::map::IntoIter,
    current: Option<(String, Value)>,
}

impl<'de> MapAccess<'de> for Members {
    type Error = ArgumentError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ArgumentError> {
        self.current = self.left.next();
        let Some((name, _)) = &self.current else { return Ok(None) };
        let name: StringDeserializer<ArgumentError> = name.clone().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ArgumentError> {
        let (name, value) = self.current.take().expect("a visitor asks for a key before its value");
        seed.deserialize(Argument(value)).map_err(|cause| ArgumentError(format!("argument `{name}`: {cause}")))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left.len())
    }
}

/// One argument. Where a number or boolean is expected, its text is accepted too.
struct Argument(Value);

impl Argument {
    fn plain_from_text(self) -> Value {
        let Value::String(text) = &self.0 else { return self.0 };
        match serde_json::from_str(text) {
            Ok(plain @ (Value::Number(_) | Value::Bool(_))) => plain,
            Ok(_) | Err(_) => self.0,
        }
    }
}

macro_rules! also_from_text {
    ($($method:ident)*) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
            self.plain_from_text().$method(visitor)
        }
    )* };
}

impl<'de> Deserializer<'de> for Argument {
    type Error = serde_json::Error;

    also_from_text! {
        deserialize_bool deserialize_f32 deserialize_f64
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, serde_json::Error> {
        match name {
            "$serde_json::private::RawValue" => self.0.deserialize_newtype_struct(name, visitor),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, serde_json::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// A sentence about one argument.
#[derive(Debug)]
struct ArgumentError(String);

impl Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ArgumentError {}

impl serde::de::Error for ArgumentError {
    fn custom<T: Display>(message: T) -> Self {
        ArgumentError(message.to_string())
    }

    fn missing_field(name: &'static str) -> Self {
        ArgumentError(format!("argument `{name}`: missing"))
    }

    fn unknown_field(name: &str, expected: &'static [&'static str]) -> Self {
        ArgumentError(format!("argument `{name}`: unknown, there are {}", expected.join(", ")))
    }

    fn duplicate_field(name: &'static str) -> Self {
        ArgumentError(format!("argument `{name}`: given twice"))
    }
}

#[cfg(test)]
mod tests;
