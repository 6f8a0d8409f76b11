//! Setting and unsetting limits, refusals, and the limits that result.

use serde_json::Value;

use super::*;

fn set(all: &[(&str, &str)]) -> Result<LimitOverrides, String> {
    let mut own = LimitOverrides::default();
    for (name, text) in all {
        own.set(name, text, &Limits::default()).map_err(|refused| refused.to_string())?;
    }
    own.check().map(|()| own).map_err(|refused| refused.to_string())
}

#[test]
fn every_limit_can_be_set_shown_and_unset() {
    for name in LimitOverrides::NAMES {
        let text = match name {
            ALLOWED_KINDS => "wasm",
            STORE_ACTIVATIONS => "false",
            other => {
                let system = serde_json::to_value(Limits::default()).unwrap();
                &system.get(other).map_or("1_000".to_owned(), Value::to_string)
            }
        };
        let mut own = set(&[(name, text)]).unwrap();
        let shown = serde_json::to_value(&own).unwrap();
        assert!(shown.get(name).is_some() && shown.as_object().unwrap().len() == 1, "{name}: {shown}");
        own.unset(name).unwrap();
        assert_eq!(own, LimitOverrides::default(), "{name}");
    }
}

#[test]
fn a_refusal_names_the_limit_its_value_and_its_range() {
    for (wrong, sentence) in [
        (&[("fires_per_minute", "-1")][..], "fires_per_minute = -1: must be a whole number from 0 to 4294967295"),
        (&[("action_memory_max_mb", "9999")], "action_memory_max_mb = 9999: must be a whole number from 128 to 4096"),
        (&[("store_activations", "no")], "store_activations = no: must be true or false"),
        (&[("allowed_kinds", "wasm,php")], "allowed_kinds = wasm,php: must be a list of wasm:1, sequence"),
        (
            &[("action_timeout_min_ms", "500"), ("action_timeout_max_ms", "400")],
            "action_timeout_min_ms = 500: must be at most action_timeout_max_ms, which is 400",
        ),
    ] {
        assert_eq!(set(wrong).unwrap_err(), sentence);
    }
    let unknown = set(&[("memory", "1")]).unwrap_err();
    assert!(unknown.starts_with("memory: not a limit of a namespace; the limits are invocations_per_minute, "));
    assert!(LimitOverrides::default().unset("memory").is_err());
}

#[test]
fn a_namespaces_limits_are_capped_by_the_systems_ranges() {
    let system = Limits { action_memory_max_mb: 512, ..Limits::default() };
    let own = |min, max| LimitOverrides {
        action_memory_min_mb: Some(min),
        action_memory_max_mb: Some(max),
        ..LimitOverrides::default()
    };
    for (min, max, holds) in [
        (129, 200, (129, 200, 200)),
        (1, u64::MAX, (128, 512, 256)),
        (400, 300, (400, 400, 400)),
        (900, 0, (512, 512, 512)),
    ] {
        let limits = system.for_namespace(&own(min, max));
        let found = (limits.action_memory_min_mb, limits.action_memory_max_mb, limits.action_memory_default_mb);
        assert_eq!(found, holds, "{min} to {max}");
    }
    let sizes = LimitOverrides { payload_bytes: Some(10), parameters_bytes: Some(u64::MAX), ..Default::default() };
    let limits = system.for_namespace(&sizes);
    assert_eq!((limits.payload_bytes, limits.result_bytes, limits.parameters_bytes), (10, 10, system.parameters_bytes));
}

#[test]
fn zero_refuses_all_for_a_namespace_and_is_unlimited_for_the_system() {
    let system = Limits { fires_per_minute: 0, ..Limits::default() };
    assert_eq!(system.fires_per_minute(&LimitOverrides::default()), None);
    let blocked = LimitOverrides { fires_per_minute: Some(0), ..LimitOverrides::default() };
    assert_eq!(system.fires_per_minute(&blocked), Some(0));
}
