//! `-p KEY VALUE`, `-P FILE`, `-a KEY VALUE`, `-A FILE`: parameters and annotations on the command line.

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args};
use serde_json::{Map, Value, json};

use crate::failure::Failure;

/// Parameters of an entity or an invocation.
#[derive(Args, Clone, Default)]
pub struct ParameterArgs {
    /// A parameter; repeat it for more. VALUE is JSON if it parses as JSON, otherwise text
    #[arg(short = 'p', long = "param", num_args = 2, value_names = ["KEY", "VALUE"])]
    #[arg(allow_hyphen_values = true, action = ArgAction::Append)]
    param: Vec<String>,
    /// File with a JSON object of parameters; -p overrides it
    #[arg(short = 'P', long = "param-file", value_name = "FILE", action = ArgAction::Append)]
    param_file: Vec<PathBuf>,
}

/// Annotations of an entity.
#[derive(Args, Clone, Default)]
pub struct AnnotationArgs {
    /// An annotation; repeat it for more. VALUE is JSON if it parses as JSON, otherwise text
    #[arg(short = 'a', long = "annotation", num_args = 2, value_names = ["KEY", "VALUE"])]
    #[arg(allow_hyphen_values = true, action = ArgAction::Append)]
    annotation: Vec<String>,
    /// File with a JSON object of annotations; -a overrides it
    #[arg(short = 'A', long = "annotation-file", value_name = "FILE", action = ArgAction::Append)]
    annotation_file: Vec<PathBuf>,
}

impl ParameterArgs {
    /// All parameters as one object, the form that an invocation takes.
    pub fn object(&self) -> Result<Map<String, Value>, Failure> {
        object(&self.param_file, &self.param, "parameter")
    }

    /// All parameters in the form that entities have; `None` without such a flag.
    pub fn wire(&self) -> Result<Option<Value>, Failure> {
        let given = !self.param.is_empty() || !self.param_file.is_empty();
        given.then(|| Ok(wire(&self.object()?))).transpose()
    }
}

impl AnnotationArgs {
    /// `None` without such a flag.
    pub fn object(&self) -> Result<Option<Map<String, Value>>, Failure> {
        let given = !self.annotation.is_empty() || !self.annotation_file.is_empty();
        given.then(|| object(&self.annotation_file, &self.annotation, "annotation")).transpose()
    }

    pub fn wire(&self) -> Result<Option<Value>, Failure> {
        Ok(self.object()?.as_ref().map(wire))
    }
}

/// The pairs of a flag that takes two values.
pub fn pairs(flat: &[String]) -> Map<String, Value> {
    flat.chunks_exact(2).map(|pair| (pair[0].clone(), value(&pair[1]))).collect()
}

/// `[{"key", "value"}, …]`.
pub fn wire(object: &Map<String, Value>) -> Value {
    object.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

/// The inverse of [`wire`].
pub fn object_of(wire: &Value) -> Map<String, Value> {
    let pairs = wire.as_array().into_iter().flatten();
    pairs.filter_map(|pair| Some((pair["key"].as_str()?.to_owned(), pair["value"].clone()))).collect()
}

/// JSON if it parses as JSON, otherwise text.
pub fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn object(files: &[PathBuf], flat: &[String], what: &str) -> Result<Map<String, Value>, Failure> {
    let mut all = Map::new();
    for file in files {
        all.extend(read(file, what)?);
    }
    all.extend(pairs(flat));
    Ok(all)
}

fn read(file: &Path, what: &str) -> Result<Map<String, Value>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|cause| {
        Failure::general(format!("File '{}' is not a valid file or it does not exist: {cause}", file.display()))
    })?;
    serde_json::from_str(&text).map_err(|cause| {
        Failure::general(format!("Invalid {what} file '{}': a JSON object is expected: {cause}", file.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_parses_as_json_is_json() {
        let flat = ["n", "5", "t", "true", "o", r#"{"a":[1]}"#, "s", "hello", "q", r#""5""#, "e", "", "z", "007"];
        let object = pairs(&flat.map(str::to_owned));
        let expected = json!({ "n": 5, "t": true, "o": { "a": [1] }, "s": "hello", "q": "5", "e": "", "z": "007" });
        assert_eq!(Value::Object(object), expected);
    }
}
