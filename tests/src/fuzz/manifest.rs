//! Manifests: any text is read or refused, and what was read is written and read again without a change.

use std::path::Path;

use serde_json::Value;
use wask_client::{parse_manifest, read_manifest, write_manifest};

pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let variables = |name: &str| (name.len() < 4).then(|| format!("{name}: [${{{name}}}"));
    let Ok(mut manifest) = parse_manifest(text, variables) else { return };
    leave_out_files(&mut manifest);

    let written = write_manifest(manifest.clone()).expect("JSON can be written as YAML");
    let again = parse_manifest(&written, |name| panic!("the variable {name} in {written}"));
    let again = again.unwrap_or_else(|refused| panic!("{}: {written}", refused.message));
    assert_eq!(again, manifest, "{written}");

    let file = Path::new("/nowhere/manifest.yaml");
    let Ok(read) = read_manifest(&manifest, file) else { return };
    let again = read_manifest(&again, file).unwrap_or_else(|refused| panic!("{}", refused.message));
    assert_eq!(again.wanted, read.wanted);
    assert!(read.wanted.is_sorted_by_key(|wanted| wanted.kind), "each after what it needs");
    for wanted in read.wanted {
        assert!(wanted.path().starts_with("namespaces/") && wanted.path().is_ascii(), "{}", wanted.path());
    }
}

/// The code of actions would be read from any file of this machine.
fn leave_out_files(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(leave_out_files),
        Value::Object(members) => {
            members.retain(|key, _| !["function", "location"].contains(&key.as_str()));
            members.values_mut().for_each(leave_out_files);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}
