//! JSON: parameters keep their order and their precedence, the count of a body is right wherever it is cut, and a guest's
//! last line is its result exactly if it is an object or an array.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use bytes::Bytes;
use serde_json::{Value, json};
use wask::api::JsonCount;
use wask_model::Parameters;
use wask_sandbox::{Module, Run, RunEnd};

use super::sandbox;

/// Writes its input.
const ECHO: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (block $end (loop $more
      (i32.store (i32.const 0) (i32.const 64))
      (i32.store (i32.const 4) (i32.const 1000))
      (br_if $end (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
      (br_if $end (i32.eqz (i32.load (i32.const 4))))
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
      (br $more)))))"#;

static MODULE: LazyLock<Module> = LazyLock::new(|| {
    let code = sandbox::decode(ECHO).expect("a guest");
    sandbox::prepare(code).expect("a guest")
});

pub fn run(input: &[u8]) {
    let Some((mode, rest)) = input.split_first() else { return };
    let _ = match mode % 3 {
        0 => merge(&mut Unstructured::new(rest)), // `Err`: the input is too short
        1 => count(Unstructured::new(rest)),
        _ => result_line(rest),
    };
}

/// A parameter: its key, value and whether it is of the environment.
type Given = (String, u8, bool);

fn merge(choices: &mut Unstructured) -> Result<()> {
    let sets: [Vec<Given>; 3] = choices.arbitrary()?;
    let wire = |set: &[Given]| -> Value {
        set.iter().map(|(key, value, init)| json!({ "key": key, "value": value, "init": init })).collect()
    };
    let read = |set: &[Given]| Parameters::from_wire(&wire(set)).expect("parameters");
    let merged = read(&sets[0]).overlaid_by(&read(&sets[1])).overlaid_by(&read(&sets[2]));

    let mut expected: Vec<Given> = Vec::new();
    for given in sets.iter().flatten() {
        match expected.iter_mut().find(|(key, ..)| *key == given.0) {
            Some(old) => *old = given.clone(),
            None => expected.push(given.clone()),
        }
    }
    let found: Vec<Given> = merged.iter().map(|one| (one.key.clone(), number(&one.value), one.init)).collect();
    assert_eq!(found, expected, "{sets:?}");
    let written = serde_json::to_value(&merged).expect("JSON");
    assert_eq!(Parameters::from_wire(&written).ok(), Some(merged.clone()));

    let arguments: Vec<(String, u8)> =
        merged.run_arguments().into_iter().map(|(key, value)| (key, number(&value))).collect();
    let environment: Vec<(String, String)> = merged.environment().collect();
    let (init, plain): (Vec<Given>, Vec<Given>) = expected.into_iter().partition(|(.., init)| *init);
    assert_eq!(arguments, plain.into_iter().map(|(key, value, _)| (key, value)).collect::<Vec<_>>());
    assert_eq!(environment, init.into_iter().map(|(key, value, _)| (key, value.to_string())).collect::<Vec<_>>());
    Ok(())
}

fn number(value: &Value) -> u8 {
    value.as_u64().and_then(|value| u8::try_from(value).ok()).expect("a small number")
}

fn count(mut choices: Unstructured) -> Result<()> {
    let piece = choices.int_in_range(1..=16)?;
    let text = choices.take_rest();
    let (mut whole, mut cut) = (JsonCount::default(), JsonCount::default());
    whole.add(text);
    text.chunks(piece).for_each(|piece| cut.add(piece));
    assert_eq!((cut.values(), cut.parsed_bytes()), (whole.values(), whole.parsed_bytes()), "in pieces of {piece}");
    assert!(whole.values() <= text.len() as u64 + 1, "{} values", whole.values());
    if let Ok(value) = serde_json::from_slice::<Value>(text) {
        let parsed = values(&value); // fewer than counted where a key occurs twice
        assert!(whole.values() >= parsed, "{} of {parsed} values counted", whole.values());
    }
    Ok(())
}

fn values(of: &Value) -> u64 {
    1 + match of {
        Value::Array(items) => items.iter().map(values).sum(),
        Value::Object(members) => members.values().map(values).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn result_line(output: &[u8]) -> Result<()> {
    let mut run = Run::new(Bytes::copy_from_slice(output));
    run.limits.result_bytes = 4 << 10;
    run.limits.log_bytes = 1 << 20;
    let most = run.limits.result_bytes;
    let report = sandbox::run(&MODULE, run);
    let lines: Vec<&[u8]> = output.split(|byte| *byte == b'\n').collect();
    let last = lines.iter().rev().find(|line| !line.iter().all(u8::is_ascii_whitespace));
    match (report.end, last) {
        (RunEnd::Silent, None) => (),
        (RunEnd::ResultTooLarge { size_bytes, .. }, Some(line)) => {
            assert!(size_bytes == line.len() as u64 && size_bytes > most, "{size_bytes} of {}", line.len());
        }
        (RunEnd::Returned(value), Some(line)) => {
            assert_eq!(serde_json::from_slice::<Value>(line).ok(), Some(value));
        }
        (RunEnd::NotJson { raw }, Some(line)) => {
            let parsed = serde_json::from_slice::<Value>(line).ok();
            assert!(!parsed.is_some_and(|value| value.is_object() || value.is_array()), "{raw}");
        }
        (end, last) => panic!("{end:?} for the last line {last:?}"),
    }
    Ok(())
}
