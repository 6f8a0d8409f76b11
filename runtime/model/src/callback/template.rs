//! Templates: bodies that a subscriber writes, with placeholders that are filled in. feeds.md §C.5.

use serde_json::Value;

use super::fields::refused;
use crate::Failure;
use crate::annotations::json_size;
use crate::messages::callbacks as says;

/// A JSON object whose strings may have placeholders, all of which are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(Value);

impl Template {
    /// How many bytes its compact JSON may have.
    pub const LONGEST: usize = 16 << 10;
    /// How many levels of objects and arrays it may have, including the outermost.
    pub const DEEPEST: usize = 8;

    /// The object as it was given.
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// Checks `value`, which is an object. `Err` begins with `path`.
    pub(super) fn read(path: &str, value: &Value) -> Result<Self, Failure> {
        let size = json_size(value);
        if size > Template::LONGEST {
            return Err(refused(says::larger_than_allowed(path, size, Template::LONGEST)));
        }
        let depth = depth(value);
        if depth > Template::DEEPEST {
            return Err(refused(says::nested_too_deep(path, depth, Template::DEEPEST)));
        }
        match unknown_placeholder(value) {
            Some(name) => Err(refused(says::unknown_placeholder(path, name))),
            None => Ok(Template(value.clone())),
        }
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn unknown_placeholder(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => pieces(text).into_iter().find_map(|piece| match piece {
            Piece::Unknown(name) => Some(name),
            Piece::Text(_) | Piece::Fact(_) | Piece::Argument(_) => None,
        }),
        Value::Array(items) => items.iter().find_map(unknown_placeholder),
        Value::Object(members) => members.values().find_map(unknown_placeholder),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// A part of a string of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    /// `&$NAME#`
    Fact(Fact),
    /// `&NAME#`, the caller's argument of that name.
    Argument(&'a str),
    /// `&$NAME#` that is not a [`Fact`], with the characters around the name. No [`Template`] has one.
    Unknown(&'a str),
}

/// What a placeholder can stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    ActivationId,
    Name,
    ObjectType,
    OutcomeCode,
    Status,
    ErrorMessage,
    ErrorCode,
    ErrorInsert,
    Server,
    Namespace,
    Subject,
    Start,
    End,
    Duration,
    CorrelationId,
    Cause,
    Attempt,
    Result,
}

const NAMES: [(&str, Fact); 19] = [
    ("RUNID", Fact::ActivationId),
    ("ACTIVATION_ID", Fact::ActivationId),
    ("NAME", Fact::Name),
    ("OBJECT_TYPE", Fact::ObjectType),
    ("EXECUTION_STATUS", Fact::OutcomeCode),
    ("EXECUTION_STATUS_TEXT", Fact::Status),
    ("LAST_ERROR_MESSAGE", Fact::ErrorMessage),
    ("LAST_ERROR_CODE", Fact::ErrorCode),
    ("LAST_ERROR_INSERT", Fact::ErrorInsert),
    ("SYSTEM", Fact::Server),
    ("CLIENT", Fact::Namespace),
    ("USER", Fact::Subject),
    ("START", Fact::Start),
    ("END", Fact::End),
    ("DURATION", Fact::Duration),
    ("CORRELATION_ID", Fact::CorrelationId),
    ("CAUSE", Fact::Cause),
    ("ATTEMPT", Fact::Attempt),
    ("RESULT", Fact::Result),
];

/// Splits a string at its placeholders: `&`, an optional `$`, one or more ASCII letters, digits, `_`, `-` or `.`, and
/// `#`. An `&` that does not begin one is text.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut begin, mut at) = (0, 0);
    while let Some(found) = text[at..].find('&') {
        at += found;
        let Some((piece, length)) = placeholder(&text[at..]) else {
            at += 1;
            continue;
        };
        if begin < at {
            pieces.push(Piece::Text(&text[begin..at]));
        }
        pieces.push(piece);
        at += length;
        begin = at;
    }
    if begin < text.len() {
        pieces.push(Piece::Text(&text[begin..]));
    }
    pieces
}

/// The placeholder that `text` begins with, and its length in bytes.
fn placeholder(text: &str) -> Option<(Piece<'_>, usize)> {
    let inner = text.strip_prefix('&')?;
    let (is_fact, inner) = inner.strip_prefix('$').map_or((false, inner), |name| (true, name));
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let name = &inner[..inner.find(|c| !is_name(c))?];
    if name.is_empty() || !inner[name.len()..].starts_with('#') {
        return None;
    }
    let length = text.len() - inner.len() + name.len() + 1;
    if !is_fact {
        return Some((Piece::Argument(name), length));
    }
    let fact = NAMES.into_iter().find(|(known, _)| *known == name).map(|(_, fact)| Piece::Fact(fact));
    Some((fact.unwrap_or(Piece::Unknown(&text[..length])), length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_string_is_split_at_its_placeholders_and_nowhere_else() {
        use Piece::{Argument, Text, Unknown};
        for (text, cut) in [
            ("", vec![]),
            ("plain # text", vec![Text("plain # text")]),
            ("&$CLIENT#/&$USER#", vec![Piece::Fact(Fact::Namespace), Text("/"), Piece::Fact(Fact::Subject)]),
            ("&order#", vec![Argument("order")]),
            ("é&my-v1.x_2#é", vec![Text("é"), Argument("my-v1.x_2"), Text("é")]),
            ("&a&b#", vec![Text("&a"), Argument("b")]),
            ("&&b##", vec![Text("&"), Argument("b"), Text("#")]),
            ("&$RESULT", vec![Text("&$RESULT")]),
            ("?a=1&b=2#x &# &$# & x# &é# &$$RUNID#", vec![Text("?a=1&b=2#x &# &$# & x# &é# &$$RUNID#")]),
            ("&$runid#", vec![Unknown("&$runid#")]),
            ("x &$FOO# &$BAR#", vec![Text("x "), Unknown("&$FOO#"), Text(" "), Unknown("&$BAR#")]),
        ] {
            assert_eq!(pieces(text), cut, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_character_is_lost_between_the_placeholders(text in "[&$#A-C é._-]{0,40}") {
            let put_together: String = pieces(&text).into_iter().map(|piece| match piece {
                Piece::Text(text) | Piece::Unknown(text) => text.to_owned(),
                Piece::Argument(name) => format!("&{name}#"),
                Piece::Fact(fact) => panic!("no fact has such a name: {fact:?}"),
            }).collect();
            prop_assert_eq!(put_together, text);
        }
    }
}
