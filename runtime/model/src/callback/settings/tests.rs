//! Whose setting applies, patches, and refusals.

use super::*;

fn patched(wire: Value) -> Result<CallbackSettings, String> {
    CallbackSettings::default().patch(&wire).map_err(|refused| refused.to_string())
}

#[test]
fn a_setting_that_the_namespace_leaves_open_is_the_servers() {
    let server = CallbackDefaults::default();
    let document = CallbackSettings::default().over(&server).document("whsec_x").to_string();
    assert_eq!(
        document,
        r#"{"retryMode":"constant","intervalSeconds":60,"maxRetries":5,"httpsOnly":false,"payload":"default","timeoutMs":10000,"signingSecret":"whsec_x","source":{"retryMode":"server","intervalSeconds":"server","maxRetries":"server","httpsOnly":"server","payload":"server","timeoutMs":"server"}}"#
    );
    let own = patched(json!({"retryMode": 2, "maxRetries": 3, "payload": {"id": "&$RUNID#"}})).unwrap();
    let document = own.over(&server).document("whsec_x");
    for (name, value, source) in [
        ("retryMode", json!("squared"), "namespace"),
        ("intervalSeconds", json!(60), "server"),
        ("maxRetries", json!(3), "namespace"),
        ("payload", json!({"id": "&$RUNID#"}), "namespace"),
        ("timeoutMs", json!(10_000), "server"),
    ] {
        assert_eq!((&document[name], &document["source"][name]), (&value, &json!(source)), "{name}");
    }
}

#[test]
fn a_patch_merges_and_null_unsets() {
    let all = json!({"retryMode": "linear", "intervalSeconds": 1, "maxRetries": 0, "httpsOnly": true,
        "payload": "result", "timeoutMs": 60_000});
    let own = patched(all.clone()).unwrap();
    assert_eq!(serde_json::to_value(&own).unwrap(), all, "the stored form is the given one");
    assert_eq!(serde_json::from_value::<CallbackSettings>(all).unwrap(), own);

    let merged = own.patch(&json!({"maxRetries": 20, "retryMode": null})).unwrap();
    assert_eq!(merged, CallbackSettings { max_retries: Some(20), retry_mode: None, ..own.clone() });
    assert_eq!(own.patch(&json!({})).unwrap(), own);
    let none = CallbackSettings::NAMES.map(|name| (name.to_owned(), Value::Null));
    assert_eq!(own.patch(&Value::Object(none.into_iter().collect())).unwrap(), CallbackSettings::default());
}

#[test]
fn a_refusal_names_the_setting_and_what_it_may_be() {
    for (wire, sentence) in [
        (json!({"retryMode": "exponential"}), "retryMode must be one of constant, linear, squared"),
        (json!({"intervalSeconds": 0}), "intervalSeconds must be an integer between 1 and 3600"),
        (json!({"intervalSeconds": 3601}), "intervalSeconds must be an integer between 1 and 3600"),
        (json!({"maxRetries": 21}), "maxRetries must be an integer between 0 and 20"),
        (json!({"maxRetries": "3"}), "maxRetries must be an integer between 0 and 20"),
        (json!({"httpsOnly": "true"}), "httpsOnly must be true or false"),
        (json!({"payload": "all"}), "payload must be one of default, result, activation, or an object"),
        (json!({"payload": {"a": "&$FOO#"}}), "payload has unknown placeholder &$FOO#"),
        (json!({"timeoutMs": 999}), "timeoutMs must be an integer between 1000 and 60000"),
        (json!({"maxAttempts": null}), "maxAttempts is not a known field"),
        (json!({"signingSecret": "whsec_x"}), "signingSecret may not be set"),
        (json!({"source": {}}), "source may not be set"),
        (json!([]), "callback settings must be an object"),
    ] {
        assert_eq!(patched(wire).unwrap_err(), sentence);
    }
}

#[test]
fn https_is_required_if_the_namespace_or_the_server_says_so() {
    for (own, server, value, source) in [
        (None, false, false, SettingSource::Server),
        (None, true, true, SettingSource::Server),
        (Some(false), false, false, SettingSource::Namespace),
        (Some(false), true, true, SettingSource::Server),
        (Some(true), false, true, SettingSource::Namespace),
        (Some(true), true, true, SettingSource::Namespace),
    ] {
        let settings = CallbackSettings { https_only: own, ..CallbackSettings::default() };
        let server = CallbackDefaults { https_only: server, ..CallbackDefaults::default() };
        assert_eq!(settings.over(&server).https_only, SourcedSetting { value, source }, "{own:?} over {server:?}");
    }
}

#[test]
fn the_servers_defaults_are_read_by_name() {
    let read: CallbackDefaults = serde_json::from_value(json!({"retry_interval_seconds": 2, "retry_mode": 1})).unwrap();
    let expected = CallbackDefaults {
        retry_interval_seconds: 2,
        retry_mode: CallbackRetryMode::Linear,
        ..CallbackDefaults::default()
    };
    assert_eq!(read, expected);
    assert!(serde_json::from_value::<CallbackDefaults>(json!({"retries": 2})).is_err());
}
