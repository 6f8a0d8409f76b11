//! Bodies, byte for byte where the contract shows them.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::callback::tests::{ACTIVATION, callback_for, callback_of_the_contract};
use crate::{Annotations, FullName, Response, Timestamp, Version};

fn record(response: Response) -> Activation {
    Activation {
        id: ACTIVATION.parse().unwrap(),
        namespace: "guest".parse().unwrap(),
        name: "my-worker".parse().unwrap(),
        version: Version::FIRST,
        subject: "guest".to_owned(),
        start: Timestamp::from_millis(1_750_000_000_000),
        end: Some(Timestamp::from_millis(1_750_000_000_250)),
        duration_ms: Some(250),
        cause: None,
        response,
        logs: vec!["2026-01-01T00:00:00Z stdout: hello".to_owned()],
        annotations: Annotations::default().with("kind", "wasm:1").with("path", "guest/my-worker"),
        input: None,
    }
}

fn arguments() -> Arguments {
    let arguments = json!({"order": "42", "n": 1.5, "list": [1, {"a": null}], "none": null});
    arguments.as_object().unwrap().clone()
}

fn with_payload(payload: Value) -> Callback {
    callback_for(&json!({"correlationId": "order-42", "http": {"url": "https://a.example", "payload": payload}}))
}

fn body(callback: &Callback, record: Activation) -> String {
    Notice::new(record, arguments(), "wask-1".to_owned(), &callback.payload).render(callback, 2)
}

fn fill(text: &str, response: Response) -> Value {
    let body = body(&with_payload(json!({ "it": text })), record(response));
    serde_json::from_str::<Value>(&body).unwrap()["it"].take()
}

#[test]
fn the_default_body_is_the_contracts() {
    let body = body(&callback_of_the_contract(), record(Response::success(json!({"ok": true}))));
    assert_eq!(
        body,
        r#"{"run_id":"0a1b2c3d4e5f60718293a4b5c6d7e8f9","activationId":"0a1b2c3d4e5f60718293a4b5c6d7e8f9","name":"guest/my-worker","object_type":"action","status":"success","statusCode":0,"correlationId":"order-42"}"#
    );
    assert_eq!(body.len(), 204);
}

#[test]
fn the_default_body_of_a_sequence_says_so_and_omits_a_missing_id() {
    for (response, status) in [
        (Response::application_error("x"), r#""status":"application error","statusCode":1}"#),
        (Response::developer_error("x"), r#""status":"action developer error","statusCode":2}"#),
        (Response::whisk_error("x"), r#""status":"whisk internal error","statusCode":3}"#),
    ] {
        let mut record = record(response);
        record.annotations.set("kind", Kind::SEQUENCE);
        let body = body(&callback_for(&json!("https://a.example")), record);
        assert!(body.ends_with(&format!(r#""object_type":"sequence",{status}"#)), "{body}");
    }
}

#[test]
fn a_result_follows_the_default_body_and_a_record_is_that_of_get() {
    let record = record(Response::success(json!({"b": 1, "a": [null]})));
    let with_result = body(&with_payload(json!("result")), record.clone());
    assert!(with_result.ends_with(r#""correlationId":"order-42","result":{"b":1,"a":[null]}}"#), "{with_result}");
    let whole = body(&with_payload(json!("activation")), record.clone());
    assert_eq!(whole, serde_json::to_string(&record.wire()).unwrap());
    assert!(whole.contains("stdout: hello"), "{whole}");
}

#[test]
fn a_template_is_filled_in_as_in_the_contract() {
    let template = json!({"runid": "&$RUNID#", "state": "&$EXECUTION_STATUS_TEXT#", "err": "&$LAST_ERROR_MESSAGE#",
        "out": "&$RESULT#", "order": "&order#", "who": "&$CLIENT#/&$USER#"});
    assert_eq!(
        body(&with_payload(template), record(Response::success(json!({"ok": true})))),
        r#"{"runid":"0a1b2c3d4e5f60718293a4b5c6d7e8f9","state":"success","err":"","out":{"ok":true},"order":"42","who":"guest/guest"}"#
    );
}

#[test]
fn every_placeholder_has_its_value() {
    for (text, value) in [
        ("&$RUNID#", json!(ACTIVATION)),
        ("&$ACTIVATION_ID#", json!(ACTIVATION)),
        ("&$NAME#", json!("guest/my-worker")),
        ("&$OBJECT_TYPE#", json!("action")),
        ("&$EXECUTION_STATUS#", json!("0")),
        ("&$EXECUTION_STATUS_TEXT#", json!("success")),
        ("&$LAST_ERROR_MESSAGE#", json!("")),
        ("&$LAST_ERROR_CODE#", json!("00000000")),
        ("&$LAST_ERROR_INSERT#", json!("")),
        ("&$SYSTEM#", json!("wask-1")),
        ("&$CLIENT#", json!("guest")),
        ("&$USER#", json!("guest")),
        ("&$START#", json!("1750000000000")),
        ("&$END#", json!("1750000000250")),
        ("&$DURATION#", json!("250")),
        ("&$CORRELATION_ID#", json!("order-42")),
        ("&$CAUSE#", json!("")),
        ("&$ATTEMPT#", json!("2")),
        ("&$RESULT#", json!({"ok": "\"é\""})),
        ("r: &$RESULT#", json!(r#"r: {"ok":"\"é\""}"#)),
        ("&order#", json!("42")),
        ("&n#,&list#,&none#", json!(r#"1.5,[1,{"a":null}],null"#)),
        ("<&missing#>", json!("<>")),
        ("&$RUNID #&order", json!("&$RUNID #&order")),
    ] {
        assert_eq!(fill(text, Response::success(json!({"ok": "\"é\""}))), value, "{text}");
    }
}

#[test]
fn a_placeholder_without_a_value_is_empty() {
    let mut callback = callback_for(&json!({"http": {"url": "https://a.example",
        "payload": {"it": "<&$CORRELATION_ID#&$CAUSE#&$END#&$DURATION#>"}}}));
    let unended = Activation { end: None, duration_ms: None, ..record(Response::success(json!({}))) };
    assert_eq!(body(&callback, unended.clone()), r#"{"it":"<>"}"#);
    callback.cause = Some(ACTIVATION.parse().unwrap());
    assert_eq!(body(&callback, unended), format!(r#"{{"it":"<{ACTIVATION}>"}}"#));
}

#[test]
fn an_error_shows_as_its_message_its_code_and_its_insert() {
    let texts = ["&$LAST_ERROR_MESSAGE#", "&$LAST_ERROR_CODE#", "&$LAST_ERROR_INSERT#"];
    for (response, told) in [
        (Response::application_error("boom"), ["boom", "00000001", ""]),
        (
            Response::application_error(json!({"error": "inner", "message": "m"})),
            ["inner", "00000001", r#"{"error":"inner","message":"m"}"#],
        ),
        (Response::application_error(json!({"message": "m"})), ["m", "00000001", r#"{"message":"m"}"#]),
        (
            Response::application_error(json!({"message": {"x": 1}})),
            [r#"{"x":1}"#, "00000001", r#"{"message":{"x":1}}"#],
        ),
        (Response::application_error(json!({"code": 7})), [r#"{"code":7}"#, "00000001", r#"{"code":7}"#]),
        (Response::application_error(json!([1, 2])), ["[1,2]", "00000001", ""]),
        (Response::application_error(Value::Null), ["null", "00000001", ""]),
        (Response::developer_error("late"), ["late", "00000002", ""]),
        (Response::whisk_error("lost"), ["lost", "00000003", ""]),
        (Response { result: json!([]), ..Response::whisk_error("") }, ["", "00000003", ""]),
    ] {
        assert_eq!(texts.map(|text| fill(text, response.clone())), told.map(|told| json!(told)), "{response:?}");
    }
}

#[test]
fn keys_and_filled_in_values_are_not_filled_in_again() {
    let template = json!({"&order#": 1, "deep": [{"a": "&echo#"}, null, true, 2.5]});
    let callback = with_payload(template);
    let sent = json!({"echo": "&order# &$USER# &$FOO#", "order": "42"}).as_object().unwrap().clone();
    let notice = Notice::new(record(Response::success(json!({}))), sent, String::new(), &callback.payload);
    let body = notice.render(&callback, 1);
    assert_eq!(body, r#"{"&order#":1,"deep":[{"a":"&order# &$USER# &$FOO#"},null,true,2.5]}"#);
}

#[test]
fn a_template_cannot_repeat_a_result_without_limit() {
    let mebibyte = json!({ "x": "y".repeat((1 << 20) - 8) });
    let result = Response::success(mebibyte.clone());
    let lone = json!({"all": vec!["&$RESULT#"; 1000], "id": "&$RUNID#", "order": "<&order#>"});
    let lone: Value = serde_json::from_str(&body(&with_payload(lone), record(result.clone()))).unwrap();
    let shown = lone["all"].as_array().unwrap().iter().filter(|value| **value == mebibyte).count();
    assert_eq!((shown, &lone["all"][4], &lone["all"][999]), (4, &Value::Null, &Value::Null));
    assert_eq!((&lone["id"], &lone["order"]), (&json!(ACTIVATION), &json!("<>")), "only what may be long is left out");

    let within = body(&with_payload(json!({"all": "&$RESULT#|".repeat(1000)})), record(result));
    assert!(within.len() < Notice::LONGEST + 4096, "{}", within.len());
}

#[test]
fn a_notice_keeps_only_what_its_body_can_show() {
    let result = json!({"secret": "r"});
    for (payload, logs, arguments_kept, result_kept) in [
        (json!("default"), false, false, false),
        (json!("result"), false, false, true),
        (json!("activation"), true, false, true),
        (json!({"a": "&$RESULT#"}), false, true, true),
    ] {
        let callback = with_payload(payload.clone());
        let record = record(Response::success(result.clone()));
        let notice = Notice::new(record, arguments(), "wask-1".to_owned(), &callback.payload);
        let kept = (
            !notice.activation.logs.is_empty(),
            !notice.arguments.is_empty(),
            notice.activation.response.result == result,
        );
        assert_eq!(kept, (logs, arguments_kept, result_kept), "{payload}");

        let stored: Notice = serde_json::from_str(&serde_json::to_string(&notice).unwrap()).unwrap();
        assert_eq!(stored.render(&callback, 1), notice.render(&callback, 1));
    }
}

#[test]
fn an_action_in_a_package_shows_its_full_name() {
    let mut callback = with_payload(json!({"name": "&$NAME#"}));
    callback.name = FullName::packaged("guest".parse().unwrap(), "p".parse().unwrap(), "a".parse().unwrap());
    assert_eq!(body(&callback, record(Response::success(json!({})))), r#"{"name":"guest/p/a"}"#);
}

proptest! {
    #[test]
    fn a_filled_in_body_is_json_whatever_the_values(
        template in r#"(&\$?(RESULT|USER|LAST_ERROR_MESSAGE|LAST_ERROR_INSERT|x|y)#|[&$#"\\é\n a-c]){0,12}"#,
        x in ".{0,12}",
        error in ".{0,12}",
        attempt: u32,
        failed: bool,
    ) {
        let payload = CallbackPayload::read("p", &json!({"k": template, "l": [template, {"m": "&$RESULT#"}]}));
        let Ok(payload) = payload else { return Ok(()) };
        let callback = Callback { payload, ..callback_of_the_contract() };
        let response = if failed {
            Response::application_error(json!({ "message": error }))
        } else {
            Response::success(json!({ &error: error }))
        };
        let sent = json!({ "x": x, "y": { "z": x } }).as_object().unwrap().clone();
        let notice = Notice::new(record(response.clone()), sent, x.clone(), &callback.payload);
        let body: Value = serde_json::from_str(&notice.render(&callback, attempt)).unwrap();
        prop_assert_eq!(&body["l"][1]["m"], &response.result);
        prop_assert_eq!(&body["k"], &body["l"][0]);
    }
}

#[test]
fn a_shortened_notice_tells_the_outcome_in_every_form_and_that_something_is_missing() {
    let response = Response::success(json!({ "ok": true }));
    for (form, missing) in [
        (json!("default"), false),
        (json!("result"), true),
        (json!("activation"), true),
        (json!({ "it": "&$RESULT# &order#" }), true),
    ] {
        let callback = with_payload(form);
        let mut notice = Notice::new(record(response.clone()), arguments(), String::new(), &callback.payload);
        assert!(!notice.is_incomplete());
        notice.shorten();
        assert_eq!(notice.is_incomplete(), missing);
        let body = notice.render(&callback, 1);
        assert!(!body.contains("\"ok\"") && !body.contains("hello") && !body.contains("42 "), "{body}");
        let stored: Notice = serde_json::from_str(&serde_json::to_string(&notice).unwrap()).unwrap();
        assert_eq!(stored, notice);
    }
}
