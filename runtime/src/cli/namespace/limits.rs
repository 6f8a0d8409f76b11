//! The effective limits of a namespace, and where each comes from.

use serde::Serialize;
use serde_json::{Map, Value, json};
use wask_model::{Identity, LimitOverrides};

use super::Format;
use crate::config::Loaded;

/// One limit with its effective value.
struct Limit {
    name: &'static str,
    /// Null: unlimited.
    value: Value,
    /// Where the value comes from.
    origin: String,
}

pub fn print(identity: &Identity, loaded: &Loaded, format: Format) {
    let all = effective(identity, loaded);
    match format {
        Format::Json => {
            let members = all.into_iter().map(|limit| {
                let described = json!({ "value": limit.value, "origin": limit.origin });
                (limit.name.to_owned(), described)
            });
            say!("{}", Value::Object(members.collect::<Map<_, _>>()));
        }
        Format::Table => {
            for Limit { name, value, origin } in all {
                let shown = match value {
                    Value::Null if name == "allowed_kinds" => "all".to_owned(),
                    Value::Null => "unlimited".to_owned(),
                    Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
                    value => value.to_string(),
                };
                say!("{name:22}  {shown:>10}  {origin}");
            }
        }
    }
}

fn effective(identity: &Identity, loaded: &Loaded) -> Vec<Limit> {
    let (config, system) = (&loaded.config, &loaded.config.limits);
    let (holds, own) = (members(&system.for_namespace(&identity.limits)), members(&identity.limits));
    let own_or = |name: &str, system: u64| own.get(name).cloned().unwrap_or_else(|| system.into());
    let limit = |name: &'static str| {
        let value = match name {
            "invocations_per_minute" => system.invocations_per_minute(&identity.limits).into(),
            "fires_per_minute" => system.fires_per_minute(&identity.limits).into(),
            "reads_per_minute" => system.reads_per_minute(&identity.limits).into(),
            "queued_invocations" => system.queued_invocations(&identity.limits).into(),
            "concurrent_invocations" => system.concurrent_invocations(&identity.limits).into(),
            "record_bytes" => own_or(name, config.activations.retention_bytes),
            "dead_letter_bytes" => own_or(name, config.queue.dead_letter_bytes),
            "ended_callback_bytes" => own_or(name, config.callbacks.retention_bytes),
            "store_activations" => identity.limits.store_activations.unwrap_or(true).into(),
            "allowed_kinds" => own[name].clone(),
            _ => holds[name].clone(),
        };
        let origin = match &own[name] {
            Value::Null => loaded.origin(&setting_of(name)),
            set if *set == value => "namespace".to_owned(),
            set => format!("namespace: {set}, outside the server's range"),
        };
        Limit { name, value, origin }
    };
    LimitOverrides::NAMES.into_iter().map(limit).collect()
}

/// The setting that holds where a namespace has no such limit of its own.
fn setting_of(limit: &str) -> String {
    match limit {
        "record_bytes" => "activations.retention_bytes".to_owned(),
        "dead_letter_bytes" => "queue.dead_letter_bytes".to_owned(),
        "ended_callback_bytes" => "callbacks.retention_bytes".to_owned(),
        limit => format!("limits.{limit}"),
    }
}

/// The limits by name.
fn members(limits: &impl Serialize) -> Value {
    serde_json::to_value(limits).expect("limits always serialize")
}
