//! Reads a manifest: YAML with variables. They are replaced after parsing, so that a value cannot change the structure.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use crate::environment;
use crate::failure::Failure;
use crate::yaml;

/// The file with variables next to the manifest, like aio's. Environment variables override it.
const BESIDE: &str = ".env";

/// Reads a manifest.
pub fn read(path: &Path) -> Result<Value, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Failure::general(format!("Unable to read the file '{}': {cause}", path.display())))?;
    let beside = std::fs::read_to_string(path.with_file_name(BESIDE)).unwrap_or_default();
    let beside = variables(&beside);
    parse(&text, |name| environment::variable(name).or_else(|| beside.get(name).cloned()))
        .map_err(|failed| Failure { message: format!("{}: {}", path.display(), failed.message), ..failed })
}

/// Parses a manifest and replaces its variables with values from `lookup`.
pub fn parse(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<Value, Failure> {
    let value = yaml::read(text).map_err(Failure::general)?;
    filled(value, "", &lookup)
}

/// Parses lines `KEY=VALUE`; quotes around a value are removed.
fn variables(text: &str) -> HashMap<String, String> {
    let line = |line: &str| {
        let (key, value) = line.trim().strip_prefix("export ").unwrap_or(line.trim()).split_once('=')?;
        let value = value.trim();
        let quoted = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
        (!key.starts_with('#')).then(|| (key.trim().to_owned(), quoted.unwrap_or(value).to_owned()))
    };
    text.lines().filter_map(line).collect()
}

fn filled(value: Value, path: &str, lookup: &impl Fn(&str) -> Option<String>) -> Result<Value, Failure> {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    Ok(match value {
        Value::String(text) => Value::String(fill(&text, path, lookup)?),
        Value::Array(items) => Value::Array(
            items
                .into_iter()
                .enumerate()
                .map(|(at, item)| filled(item, &below(&at.to_string()), lookup))
                .collect::<Result<_, _>>()?,
        ),
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(key, value)| {
                    let path = below(&key);
                    Ok((fill(&key, &path, lookup)?, filled(value, &path, lookup)?))
                })
                .collect::<Result<_, Failure>>()?,
        ),
        other => other,
    })
}

/// Replaces `${VAR}` anywhere, and `$VAR` if it is the whole text. `$${`, and `$$VAR`, `$$$VAR`, … as the whole text, lose
/// their first dollar and are otherwise left alone.
fn fill(text: &str, path: &str, lookup: &impl Fn(&str) -> Option<String>) -> Result<String, Failure> {
    let value =
        |name: &str| lookup(name).ok_or_else(|| Failure::general(format!("{path}: the variable {name} is not set")));
    match whole_variable(text) {
        Some((1, name)) => return value(name),
        Some(_) => return Ok(text[1..].to_owned()),
        None => (),
    }
    let (mut done, mut rest) = (String::new(), text);
    while let Some(at) = rest.find("${") {
        let (before, name) = (&rest[..at], &rest[at + 2..]);
        if let Some(before) = before.strip_suffix('$') {
            done.push_str(before);
            done.push_str("${");
            rest = name;
            continue;
        }
        done.push_str(before);
        match name.split_once('}') {
            Some((name, after)) if is_name(name.trim()) => {
                done.push_str(&value(name.trim())?);
                rest = after;
            }
            _ => {
                done.push_str("${");
                rest = name;
            }
        }
    }
    done.push_str(rest);
    Ok(done)
}

/// Escapes a text so that [`parse`] returns it unchanged.
pub fn escaped(text: &str) -> String {
    match whole_variable(text) {
        Some(_) => format!("${text}"),
        None => text.replace("${", "$${"),
    }
}

/// Splits a text that consists of dollars and a name: how many dollars, and the name.
fn whole_variable(text: &str) -> Option<(usize, &str)> {
    let name = text.trim_start_matches('$');
    let dollars = text.len() - name.len();
    (dollars > 0 && is_name(name)).then_some((dollars, name))
}

fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn of_the_test(name: &str) -> Option<String> {
        HashMap::from([("A", "1"), ("B", "x: [y"), ("EMPTY", "")]).get(name).map(|value| (*value).to_owned())
    }

    #[test]
    fn variables_are_replaced_in_values_and_names() {
        let manifest = "\
whole: $A
braces: ${A}
inside: a-${A}-${B}
spaces: ${ A }
empty: ${EMPTY}
dollar: costs $5, pa$word, $${A}, $
kept: $$A
twice: $$$A
p${A}: [ $A ]
number: 7
";
        let expected = json!({
            "whole": "1", "braces": "1", "inside": "a-1-x: [y", "spaces": "1", "empty": "",
            "dollar": "costs $5, pa$word, ${A}, $", "kept": "$A", "twice": "$$A", "p1": ["1"], "number": 7,
        });
        assert_eq!(parse(manifest, of_the_test).expect("a manifest"), expected);
    }

    #[test]
    fn an_unset_variable_is_named_with_its_path() {
        let failed = parse("packages: { p: { inputs: { token: '${NONE}' } } }", of_the_test).expect_err("a failure");
        assert_eq!(failed.message, "packages.p.inputs.token: the variable NONE is not set");
    }

    #[test]
    fn an_env_file_defines_variables() {
        let read = variables("# comment\nA=1\nexport B='two words'\nC=\"x=y\"\n\nnonsense\n");
        let expected = [("A", "1"), ("B", "two words"), ("C", "x=y")];
        assert_eq!(read, expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    }

    proptest! {
        #[test]
        fn an_escaped_text_is_read_unchanged(text in "[${}Aa ]{0,12}") {
            prop_assert_eq!(fill(&escaped(&text), "", &of_the_test).expect("a text"), text);
        }
    }
}
