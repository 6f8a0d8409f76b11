//! The stored callback: where its settings come from, and what lists show of it. Also the callback of the contract's
//! example, which other tests start from.

use serde_json::{Value, json};

use super::*;

pub(super) const ACTIVATION: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";

pub(super) fn callback_for(subscription: &Value) -> Callback {
    let settings = CallbackSettings::default().over(&CallbackDefaults::default());
    let new = NewCallback {
        id: "cb_0f0e0d0c0b0a09080706050403020100".parse().unwrap(),
        namespace: "guest".parse().unwrap(),
        activation: ACTIVATION.parse().unwrap(),
        cause: None,
        name: FullName::new("guest".parse().unwrap(), "my-worker".parse().unwrap()),
        now: Timestamp::from_millis(1_749_999_990_000),
    };
    Callback::new(Subscription::from_value(subscription).unwrap(), &settings, new)
}

pub(super) fn callback_of_the_contract() -> Callback {
    callback_for(&json!({
        "type": "http",
        "http": {
            "url": "https://hooks.example.com/done?order=42",
            "method": "POST",
            "headers": {"Authorization": "Bearer demo-token"},
            "payload": "default",
            "timeoutMs": 10_000,
        },
        "correlationId": "order-42",
        "retry": {"mode": "squared", "intervalSeconds": 30, "maxRetries": 5},
    }))
}

pub(super) fn attempt(n: u32, error: Option<AttemptError>) -> CallbackAttempt {
    CallbackAttempt {
        n,
        at: Timestamp::from_millis(1_750_000_000_000),
        duration_ms: 2000,
        status_code: Some(503),
        error,
        response_body: Some("busy".to_owned()),
    }
}

#[test]
fn the_document_is_the_contracts() {
    let mut callback = callback_of_the_contract();
    let next = callback.record_attempt(attempt(1, Some(AttemptError::HttpStatus)), None);
    let shown = callback.document(CallbackState::Pending, next).to_string();
    let contract = [
        r#"{"id":"cb_0f0e0d0c0b0a09080706050403020100","type":"CBCK","namespace":"guest","activationId":"0a1b2c3d4e5f60718293a4b5c6d7e8f9","cause":null,"#,
        r#""name":"guest/my-worker","url":"https://hooks.example.com/done?order=42","method":"POST","headers":{"Authorization":"***"},"#,
        r#""payload":"default","correlationId":"order-42","retry":{"mode":"squared","intervalSeconds":30,"maxRetries":5},"#,
        r#""state":"pending","failedAttempts":1,"nextAttemptAt":1750000032000,"#,
        r#""attempts":[{"n":1,"at":1750000000000,"durationMs":2000,"statusCode":503,"error":"http_status","responseBody":"busy"}],"#,
        r#""createdAt":1749999990000,"updatedAt":1750000002000}"#,
    ];
    assert_eq!(shown, contract.concat());
}

#[test]
fn an_open_setting_is_the_namespaces_or_else_the_servers() {
    let own = json!({"retryMode": "linear", "payload": "result", "timeoutMs": 2000});
    let own = CallbackSettings::default().patch(&own).unwrap();
    let settings = own.over(&CallbackDefaults { max_retries: 9, timeout_ms: 5000, ..CallbackDefaults::default() });
    let asked = json!({"http": {"url": "https://a.example", "method": "PUT"}, "retry": {"intervalSeconds": 7}});
    let base = callback_of_the_contract();
    let new = NewCallback {
        id: base.id,
        namespace: base.namespace,
        activation: base.activation,
        cause: Some(base.activation),
        name: base.name,
        now: base.created,
    };
    let callback = Callback::new(Subscription::from_value(&asked).unwrap(), &settings, new);

    assert_eq!(callback.retry, CallbackRetry { mode: CallbackRetryMode::Linear, interval_seconds: 7, max_retries: 9 });
    assert_eq!(callback.payload, CallbackPayload::Result);
    assert_eq!(callback.timeout(), Duration::from_secs(2));
    assert_eq!(callback.method, CallbackMethod::Put);
    assert_eq!(callback.correlation_id, None);
}

#[test]
fn a_stored_callback_reads_back_unchanged() {
    let mut callback = callback_for(&json!({"http": {
        "url": "https://a.example", "headers": {"B": "2", "A": "1"}, "payload": {"id": "&$RUNID#", "n": [1, null]},
    }}));
    callback.record_attempt(attempt(1, Some(AttemptError::SsrfBlocked)), None);
    let stored = serde_json::to_string(&callback).unwrap();
    let read: Callback = serde_json::from_str(&stored).unwrap();
    assert_eq!(read, callback);
    assert_eq!(read.headers.iter().collect::<Vec<_>>(), [("B", "2"), ("A", "1")], "the order is kept");
}

#[test]
fn no_value_of_a_header_is_shown_or_logged() {
    let callback = callback_of_the_contract();
    let shown = callback.document(CallbackState::Waiting, None).to_string();
    for text in [shown, format!("{callback:?}")] {
        assert!(!text.contains("demo-token") && text.contains("***"), "{text}");
    }
}
