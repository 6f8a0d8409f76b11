//! Every shape that is accepted, every sentence that refuses one, and the places in a request.

use proptest::prelude::*;

use super::*;
use crate::callback::{CallbackRetryMode, Template};

const URL: &str = "https://hooks.example.com/done?order=42";

fn read(value: &Value) -> Result<Subscription, String> {
    Subscription::from_value(value).map_err(|refused| refused.to_string())
}

fn plain() -> Subscription {
    Subscription {
        url: URL.to_owned(),
        method: CallbackMethod::Post,
        headers: CallbackHeaders::default(),
        payload: None,
        timeout_ms: None,
        correlation_id: None,
        retry: CallbackRetryPatch::default(),
    }
}

fn with_http(name: &str, value: Value) -> Value {
    json!({"http": {"url": URL, name: value}})
}

fn with_retry(name: &str, value: Value) -> Value {
    json!({"http": {"url": URL}, "retry": {name: value}})
}

#[test]
fn the_object_of_the_contract_is_parsed_completely() {
    let read = read(&json!({
        "type": "http",
        "http": {"url": URL, "method": "PUT", "headers": {"Authorization": "Bearer demo-token", "X-A": "b"},
            "payload": "activation", "timeoutMs": 10_000},
        "correlationId": "order-42",
        "retry": {"mode": "squared", "intervalSeconds": 30, "maxRetries": 5},
    }))
    .unwrap();
    let retry =
        CallbackRetryPatch { mode: Some(CallbackRetryMode::Squared), interval_seconds: Some(30), max_retries: Some(5) };
    assert_eq!(read.headers.iter().collect::<Vec<_>>(), [("Authorization", "Bearer demo-token"), ("X-A", "b")]);
    let expected = Subscription {
        method: CallbackMethod::Put,
        headers: read.headers.clone(),
        payload: Some(CallbackPayload::Activation),
        timeout_ms: Some(10_000),
        correlation_id: Some("order-42".to_owned()),
        retry,
        ..plain()
    };
    assert_eq!(read, expected);
}

#[test]
fn the_short_form_and_the_shape_of_automic_parse() {
    assert_eq!(read(&json!(URL)).unwrap(), plain());
    assert_eq!(read(&json!({"http": {"url": URL}})).unwrap(), plain());
    let automic = json!({"type": "http", "http": {"url": URL, "headers": {"Authorization": "Basic eA=="}}});
    assert_eq!(read(&automic).unwrap().headers.iter().collect::<Vec<_>>(), [("Authorization", "Basic eA==")]);
}

#[test]
fn headers_and_object_mean_the_same() {
    let options = r#"{"correlationId":"order-42","retry":{"mode":"linear"},"http":{"headers":{"X-A":"b"}}}"#;
    let object =
        json!({"correlationId": "order-42", "retry": {"mode": 1}, "http": {"url": URL, "headers": {"X-A": "b"}}});
    assert_eq!(Subscription::from_headers(URL, Some(options)).unwrap(), read(&object).unwrap());
    assert_eq!(Subscription::from_headers(URL, None).unwrap(), plain());
    assert_eq!(Subscription::from_headers(URL, Some("{}")).unwrap(), plain());

    for (options, sentence) in [
        ("", says::OPTIONS_NOT_AN_OBJECT),
        ("[]", says::OPTIONS_NOT_AN_OBJECT),
        ("{", says::OPTIONS_NOT_AN_OBJECT),
        (r#"{"http":{"url":"https://b.example"}}"#, says::URL_IN_OPTIONS),
        (r#"{"url":"https://b.example"}"#, "callback.url is not a known field"),
        (r#"{"http":{"method":"GET"}}"#, "callback.http.method must be one of POST, PUT"),
    ] {
        let refused = Subscription::from_headers(URL, Some(options)).unwrap_err();
        assert_eq!(refused.to_string(), sentence, "{options}");
    }
}

/// Asserts that each value is refused with its sentence, as a bad request.
fn refused_with(refusals: impl IntoIterator<Item = (Value, impl AsRef<str>)>) {
    for (wrong, sentence) in refusals {
        match Subscription::from_value(&wrong) {
            Err(Failure::BadRequest(message)) => assert_eq!(message, sentence.as_ref(), "{wrong}"),
            other => panic!("{wrong}: {other:?}"),
        }
    }
}

#[test]
fn a_refusal_of_a_shape_names_the_path_of_the_field() {
    refused_with([
        (json!(null), says::NOT_A_SUBSCRIPTION),
        (json!([URL]), says::NOT_A_SUBSCRIPTION),
        (json!({}), says::URL_MISSING),
        (json!({"http": {}}), says::URL_MISSING),
        (json!({"http": {"url": 1}}), says::URL_NOT_ABSOLUTE),
        (json!({"http": URL}), "callback.http must be an object"),
        (json!({"type": "mail", "http": {"url": URL}}), "callback.type must be one of http"),
        (json!({"url": URL}), "callback.url is not a known field"),
        (with_http("uri", json!(1)), "callback.http.uri is not a known field"),
        (with_retry("max", json!(1)), "callback.retry.max is not a known field"),
        (json!({"http": {"url": URL}, "retry": 3}), "callback.retry must be an object"),
        (with_http("method", json!("GET")), "callback.http.method must be one of POST, PUT"),
        (with_http("method", json!("post")), "callback.http.method must be one of POST, PUT"),
        (with_http("headers", json!([])), "callback.http.headers must be an object"),
        (with_http("headers", json!({"X-A": 1})), "callback.http.headers.X-A must be a string"),
        (with_http("headers", json!({"X A": ""})), "callback.http.headers.X A is not a valid name of a header"),
        (with_http("headers", json!({"": ""})), "callback.http.headers. is not a valid name of a header"),
        (json!({"http": {"url": URL}, "correlationId": 42}), "callback.correlationId must be a string"),
        (
            json!({"http": {"url": URL}, "correlationId": "a\r\nX-B: c"}),
            "callback.correlationId may not contain line breaks or other control characters",
        ),
    ]);
}

#[test]
fn a_refusal_of_a_number_or_mode_says_what_it_may_be() {
    let (none, text, float, huge) = (json!(null), json!("5"), json!(1.5), json!(u64::MAX));
    let timeout = "callback.http.timeoutMs must be an integer between 1000 and 60000";
    for wrong in [json!(999), json!(60_001), none.clone(), text.clone(), float.clone(), huge.clone()] {
        refused_with([(with_http("timeoutMs", wrong), timeout)]);
    }
    let interval = "callback.retry.intervalSeconds must be an integer between 1 and 3600";
    for wrong in [json!(0), json!(3601), none.clone(), text.clone(), float.clone(), huge.clone()] {
        refused_with([(with_retry("intervalSeconds", wrong), interval)]);
    }
    let retries = "callback.retry.maxRetries must be an integer between 0 and 20";
    for wrong in [json!(-1), json!(21), none.clone(), text.clone(), float.clone(), huge.clone()] {
        refused_with([(with_retry("maxRetries", wrong), retries)]);
    }
    let mode = "callback.retry.mode must be one of constant, linear, squared";
    for wrong in [json!("exponential"), json!(3), none, text, float, huge] {
        refused_with([(with_retry("mode", wrong), mode)]);
    }
}

#[test]
fn a_size_may_be_at_its_limit_and_not_above() {
    let url = |bytes: usize| json!(format!("https://a.example/{}", "x".repeat(bytes - 18)));
    let id = |bytes: usize| json!({"http": {"url": URL}, "correlationId": "x".repeat(bytes)});
    let header = |bytes: usize| with_http("headers", json!({ "X": "y".repeat(bytes - 1) }));
    let headers = |count: usize| {
        let headers: Map<_, _> = (0..count).map(|n| (format!("X-{n}"), json!(""))).collect();
        with_http("headers", headers.into())
    };
    for allowed in [url(2048), id(256), header(8192), headers(32)] {
        assert!(read(&allowed).is_ok(), "{allowed}");
    }
    refused_with([
        (url(2049), "callback.http.url is longer than allowed: 2049 > 2048 bytes"),
        (id(257), "callback.correlationId is longer than allowed: 257 > 256 bytes"),
        (header(8193), "callback.http.headers is longer than allowed: 8193 > 8192 bytes"),
        (headers(33), "callback.http.headers has more entries than allowed: 33 > 32"),
    ]);
}

#[test]
fn a_payload_is_a_word_or_a_template_within_its_limits() {
    let template = |bytes: usize| json!({ "a": "x".repeat(bytes - r#"{"a":""}"#.len()) });
    let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!({ "a": inner }));
    for allowed in [template(Template::LONGEST), nested(8), json!({"a": [1, "&x# &$USER#"]}), json!({})] {
        assert!(read(&with_http("payload", allowed.clone())).is_ok(), "{allowed}");
    }
    let word = "callback.http.payload must be one of default, result, activation, or an object";
    let refusals = [
        (json!("all"), word),
        (json!(["a"]), word),
        (json!(null), word),
        (template(16_385), "callback.http.payload is longer than allowed: 16385 > 16384 bytes"),
        (nested(9), "callback.http.payload is nested deeper than allowed: 9 > 8"),
        (json!({"a": [nested(7)]}), "callback.http.payload is nested deeper than allowed: 9 > 8"),
        (json!({"a": ["x &$FOO# y"]}), "callback.http.payload has unknown placeholder &$FOO#"),
    ];
    refused_with(refusals.map(|(payload, sentence)| (with_http("payload", payload), sentence)));
}

#[test]
fn a_header_of_the_delivery_itself_cannot_be_set() {
    for name in [
        "Host",
        "Content-Length",
        "Connection",
        "Transfer-Encoding",
        "TE",
        "Trailer",
        "Upgrade",
        "Proxy-Authorization",
        "proxy-x",
        "X-Wask-Attempt",
        "webhook-id",
        "Webhook-Signature",
        "HOST",
    ] {
        let refused = read(&with_http("headers", json!({ name: "x" }))).unwrap_err();
        assert_eq!(refused, format!("callback.http.headers.{name} may not be set"));
    }
    for name in ["Hostess", "Proxy", "X-Was", "Webhook", "Content-Type", "TEA"] {
        assert!(read(&with_http("headers", json!({ name: "x" }))).is_ok(), "{name}");
    }
}

#[test]
fn a_header_cannot_smuggle_a_line() {
    for value in ["a\r\nHost: b", "a\nb", "a\rb", "a\0b"] {
        let refused = read(&with_http("headers", json!({ "X-A": value }))).unwrap_err();
        assert_eq!(refused, "callback.http.headers.X-A may not contain line breaks or other control characters");
    }
    assert!(read(&with_http("headers", json!({"X-A": "a\tb \u{e9}"}))).is_ok());
}

#[test]
fn the_key_is_removed_and_the_other_arguments_keep_their_order() {
    let arguments = json!({"z": 1, "__ow_callback": URL, "a": 2, "m": 3});
    let mut arguments = arguments.as_object().unwrap().clone();
    assert_eq!(Subscription::take(&mut arguments).unwrap(), Some(plain()));
    assert_eq!(Value::Object(arguments.clone()).to_string(), r#"{"z":1,"a":2,"m":3}"#);
    assert_eq!(Subscription::take(&mut arguments).unwrap(), None);

    arguments.insert(Subscription::KEY.to_owned(), json!({"http": 1}));
    assert!(Subscription::take(&mut arguments).is_err());
    assert_eq!(arguments.len(), 3, "gone although it was refused");
}

#[test]
fn a_request_subscribes_in_its_arguments_or_its_headers_not_in_both() {
    let (body, none) = (json!({Subscription::KEY: URL}), json!({}));
    let (url, options) = (Some(URL), Some("{}"));
    for (arguments, url, options, outcome) in [
        (&none, None, None, Ok(None)),
        (&none, url, None, Ok(Some(plain()))),
        (&none, url, options, Ok(Some(plain()))),
        (&none, None, options, Err(says::OPTIONS_WITHOUT_URL)),
        (&body, None, None, Ok(Some(plain()))),
        (&body, url, None, Err(says::GIVEN_TWICE)),
        (&body, url, options, Err(says::GIVEN_TWICE)),
        (&body, None, options, Err(says::GIVEN_TWICE)),
    ] {
        let mut arguments = arguments.as_object().unwrap().clone();
        let found = Subscription::from_request(&mut arguments, CallbackCarrier { url, options });
        assert_eq!(found.map_err(|refused| refused.to_string()), outcome.map_err(str::to_owned));
        assert!(arguments.is_empty());
    }
}

fn any_payload() -> impl Strategy<Value = CallbackPayload> {
    let template = "[a-z &$#]{0,20}".prop_filter_map("an unknown placeholder", |text| {
        CallbackPayload::read("p", &json!({"k": [text, 1, null]})).ok()
    });
    let word = prop::sample::select(vec!["default", "result", "activation"]);
    prop_oneof![word.prop_map(|word| CallbackPayload::read("p", &json!(word)).unwrap()), template]
}

prop_compose! {
    fn any_subscription()(
        url in ".{0,60}",
        put: bool,
        headers in prop::collection::btree_map("A[!#-'*+.^_`|~0-9A-Za-z-]{0,9}", "[ -~é\t]{0,20}", 0..5),
        payload in prop::option::of(any_payload()),
        timeout_ms in prop::option::of(Subscription::TIMEOUT_MS),
        correlation_id in prop::option::of("[ -~é]{0,60}"),
        mode in prop::option::of(prop::sample::select(CallbackRetryMode::ALL.to_vec())),
        interval_seconds in prop::option::of(1..=3600_u32),
        max_retries in prop::option::of(0..=20_u32),
    ) -> Subscription {
        let headers: Map<_, _> = headers.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
        Subscription {
            url,
            method: if put { CallbackMethod::Put } else { CallbackMethod::Post },
            headers: CallbackHeaders::read("h", &headers.into()).unwrap(),
            payload,
            timeout_ms,
            correlation_id,
            retry: CallbackRetryPatch { mode, interval_seconds, max_retries },
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        ".{0,8}",
        prop::sample::select(vec!["type", "http", "url", "headers", "payload", "retry", "mode", "correlationId"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_printed_subscription_parses_back(subscription in any_subscription()) {
        let printed = subscription.to_value();
        prop_assert_eq!(Subscription::from_value(&printed).unwrap(), subscription.clone());
        let stored = serde_json::to_string(&subscription).unwrap();
        prop_assert_eq!(serde_json::from_str::<Subscription>(&stored).unwrap(), subscription);
    }

    #[test]
    fn any_json_parses_or_is_refused_by_path(value in any_json()) {
        if let Err(refused) = read(&value) {
            prop_assert!(refused.starts_with("callback"), "{}", refused);
        }
    }
}
