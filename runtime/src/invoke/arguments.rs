//! The arguments of one run. rest.md §3.7.

use serde_json::Value;
use wask_model::annotations::keys;
use wask_model::{Arguments, Failure, messages};

use super::sealed;
use crate::catalog::ActionEntry;

/// Merges the payload over the action's defaults · 400 if it overrides a default that a `final` action protects.
pub fn merge(entry: &ActionEntry, payload: Arguments) -> Result<Arguments, Failure> {
    if entry.defaults.is_empty() {
        return Ok(payload);
    }
    if entry.action.annotations.is_true(keys::FINAL) && payload.keys().any(|key| is_fixed(entry, key)) {
        return Err(Failure::BadRequest(messages::PARAMETERS_NOT_ALLOWED.into()));
    }
    let mut all = entry.defaults.clone();
    all.extend(payload);
    Ok(all)
}

/// Whether `key` has a default that a `final` action protects: any value but null.
pub fn is_fixed(entry: &ActionEntry, key: &str) -> bool {
    entry.defaults.get(key).is_some_and(|value| *value != Value::Null)
}

/// The arguments of these names, without the secrets among them; all if no names are given.
pub fn chosen(args: &Value, names: Option<&[String]>) -> Arguments {
    let Some(all) = args.as_object() else { return Arguments::new() };
    let mut chosen: Arguments = match names {
        None => all.clone(),
        Some(names) => names.iter().filter_map(|name| Some((name.clone(), all.get(name)?.clone()))).collect(),
    };
    if let Some(missing) = all.get(sealed::WITHHELD) {
        chosen.insert(sealed::WITHHELD.into(), missing.clone());
    }
    sealed::withhold(&mut chosen);
    chosen
}
