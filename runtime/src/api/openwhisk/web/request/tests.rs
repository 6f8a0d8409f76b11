//! Rows of rest.md §11.8 that the request decides.

use http::{HeaderName, HeaderValue};
use serde_json::json;

use super::*;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A POST to `hello/more%20path` without credentials.
struct Sent {
    headers: HeaderMap,
    query: Option<&'static str>,
    user: Option<&'static str>,
    body: Bytes,
}

fn sent(media: &'static str, body: &'static [u8]) -> Sent {
    let mut headers = HeaderMap::new();
    if !media.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    }
    Sent { headers, query: None, user: None, body: Bytes::from_static(body) }
}

fn asked(query: &'static str) -> Sent {
    Sent { query: Some(query), ..sent("", b"") }
}

impl Sent {
    fn arguments_with(&self, raw: RawHttp, fixed: &dyn Fn(&str) -> bool) -> Result<Arguments, Failure> {
        let Sent { headers, query, user, body } = self;
        let path = "/more%20path";
        let (query, user) = (*query, *user);
        let request = WebRequest { method: "POST", headers, withheld: &[], path, query, user, named: &[], body };
        request.arguments(raw, fixed)
    }

    /// All arguments but the context keys.
    fn own(&self, raw: RawHttp) -> Value {
        let mut arguments = self.arguments_with(raw, &|_| false).unwrap();
        arguments.retain(|key, _| ![METHOD, HEADERS, PATH, USER].contains(&key.as_str()));
        arguments.into()
    }

    fn refusal(&self) -> String {
        self.arguments_with(RawHttp::No, &|_| false).unwrap_err().to_string()
    }
}

#[test]
fn b143_b145_the_context_describes_the_call() {
    let mut request = sent("text/plain", b"");
    for value in ["1", "2"] {
        request.headers.append(HeaderName::from_static("x-twice"), HeaderValue::from_static(value));
    }
    let anonymous = json!({
        "__ow_method": "post", "__ow_headers": {"content-type": "text/plain", "x-twice": "2"}, "__ow_path": "/more%20path"
    });
    assert_eq!(Value::Object(request.arguments_with(RawHttp::No, &|_| false).unwrap()), anonymous);

    request.user = Some("guest");
    assert_eq!(request.arguments_with(RawHttp::No, &|_| false).unwrap()["__ow_user"], "guest");
    assert_eq!(request.arguments_with(RawHttp::Yes, &|_| false).unwrap()["__ow_user"], "guest");
}

#[test]
fn b146_query_parameters_are_strings_at_top_level() {
    for (query, arguments) in [
        ("", json!({})),
        ("a=1&b=x+y%20z%26", json!({"a": "1", "b": "x y z&"})),
        ("flag", json!({"flag": ""})),
        ("a=1&&a=2", json!({"a": "2"})),
    ] {
        assert_eq!(asked(query).own(RawHttp::No), arguments, "{query}");
    }
}

#[test]
fn b147_the_body_wins_over_the_query() {
    let request = Sent { query: Some("a=query&b=query"), ..sent("application/json", br#"{"a":{"from":"body"}}"#) };
    assert_eq!(request.own(RawHttp::No), json!({"a": {"from": "body"}, "b": "query"}));
}

#[test]
fn b148_to_b152_the_content_type_decides_what_a_body_becomes() {
    for (media, body, arguments) in [
        ("application/json", &b""[..], json!({})),
        ("text/plain", b"", json!({})),
        ("", b"", json!({})),
        ("application/json", b"[1]", json!({"__ow_body": [1]})),
        ("application/json", b"null", json!({"__ow_body": null})),
        ("application/hal+json", b"\"x\"", json!({"__ow_body": "x"})),
        ("text/plain", b"hello", json!({"__ow_body": "hello"})),
        ("text/html; charset=utf-8", "<p>ä".as_bytes(), json!({"__ow_body": "<p>ä"})),
        ("text/foo", b"hello", json!({"__ow_body": "hello"})),
        ("application/xml", b"<a/>", json!({"__ow_body": "<a/>"})),
        ("image/png", PNG, json!({"__ow_body": "iVBORw0KGgo="})),
        ("multipart/form-data; boundary=x", b"--x--", json!({"__ow_body": "LS14LS0="})),
        ("application/x-unknown", b"a", json!({"__ow_body": "YQ=="})),
        ("not a type", b"a", json!({"__ow_body": "YQ=="})),
        ("", b"a", json!({"__ow_body": "YQ=="})),
        ("application/cloudevents+json", br#"{"id":1}"#, json!({"id": 1})),
        ("application/x-www-form-urlencoded", b"a=1&b=x+y&a=%C3%A4&c", json!({"a": "ä", "b": "x y", "c": ""})),
    ] {
        assert_eq!(sent(media, body).own(RawHttp::No), arguments, "{media} {body:?}");
    }
}

#[test]
fn a_body_that_does_not_match_its_type_is_malformed() {
    for (media, body) in [
        ("application/json", &b"{"[..]),
        ("application/json", b" "),
        ("application/json", b"{} x"),
        ("application/json", b"\"\xff\""),
        ("application/problem+json", b"nope"),
        ("application/x-www-form-urlencoded", b"a=%zz"),
        ("application/x-www-form-urlencoded", b"a=1&b=%a"),
    ] {
        let refusal = sent(media, body).refusal();
        assert!(refusal.starts_with("The request content was malformed:\n"), "{media} {body:?}: {refusal}");
    }
    let nested = Bytes::from("[".repeat(100_000));
    assert!(Sent { body: nested, ..sent("application/json", b"") }.refusal().contains("recursion limit"));
}

#[test]
fn b155_a_final_parameter_cannot_be_overridden() {
    let fixed = |key: &str| key == "fixed";
    for request in [
        asked("fixed=1"),
        sent("application/json", br#"{"fixed":null}"#),
        sent("application/x-www-form-urlencoded", b"free=1&fixed=1"),
    ] {
        let refusal = request.arguments_with(RawHttp::No, &fixed).unwrap_err();
        assert_eq!(refusal.to_string(), messages::PARAMETERS_NOT_ALLOWED);
    }
    assert!(asked("free=1").arguments_with(RawHttp::No, &fixed).is_ok());
    assert!(sent("application/json", br#"{"free":{"fixed":1}}"#).arguments_with(RawHttp::No, &fixed).is_ok());
}

#[test]
fn b156_reserved_names_are_refused() {
    for request in [
        asked("__ow_method=x"),
        asked("__ow_query"),
        asked("%5f_ow_body=x"),
        sent("application/json", br#"{"__ow_headers":{}}"#),
        sent("application/json", br#"{"__ow_body":1}"#),
        sent("application/x-www-form-urlencoded", b"__ow_user=root"),
        sent("application/x-www-form-urlencoded", b"__ow_path=/"),
    ] {
        assert_eq!(request.refusal(), messages::PARAMETERS_NOT_ALLOWED);
    }
    assert_eq!(asked("__ow_other=1&__OW_METHOD=x").own(RawHttp::No), json!({"__ow_other": "1", "__OW_METHOD": "x"}));
}

#[test]
fn a_malformed_body_is_reported_before_a_reserved_name() {
    let request = Sent { query: Some("__ow_method=x"), ..sent("application/json", b"{") };
    assert!(request.refusal().starts_with("The request content was malformed:\n"));
}

#[test]
fn b157_raw_actions_get_query_and_body_as_text_with_any_name() {
    for (media, body, given) in [
        ("", &b""[..], ""),
        ("application/json", b"", ""),
        ("application/json", b"{\"__ow_method\":1}", "eyJfX293X21ldGhvZCI6MX0="),
        ("application/json", b"{", "ew=="),
        ("application/problem+json", b"{}", "{}"),
        ("application/x-www-form-urlencoded", b"a=%zz&__ow_user=x", "a=%zz&__ow_user=x"),
        ("text/plain", b"hello", "hello"),
        ("image/png", PNG, "iVBORw0KGgo="),
        ("", b"a", "YQ=="),
    ] {
        let request = Sent { query: Some("__ow_method=x&fixed=1"), ..sent(media, body) };
        let arguments = request.arguments_with(RawHttp::Yes, &|key| key == "fixed").unwrap();
        assert_eq!(arguments["__ow_body"], given, "{media} {body:?}");
        assert_eq!(arguments["__ow_query"], "__ow_method=x&fixed=1");
        assert_eq!(arguments["__ow_method"], "post");
        assert!(!arguments.contains_key("fixed"));
    }
    assert_eq!(sent("", b"").own(RawHttp::Yes), json!({"__ow_query": "", "__ow_body": ""}));
}

#[test]
fn a_raw_query_is_normalised() {
    for (query, one) in [
        ("", ""),
        ("a=%41%7e&b=x%20y+z", "a=A~&b=x+y+z"),
        ("flag&empty=&a=1&a=2", "flag&empty=&a=1&a=2"),
        ("&a=1&&", "a=1"),
        ("a=b=c&d=%26%3D%2B%25", "a=b%3Dc&d=%26%3D%2B%25"),
        ("u=http://x/?y@z:1", "u=http://x/?y@z:1"),
        ("a=ä%c3%a4%ff%zz", "a=%C3%A4%C3%A4%FF%25zz"),
    ] {
        assert_eq!(asked(query).own(RawHttp::Yes)["__ow_query"], one, "{query}");
    }
}

#[test]
fn b143_b144_the_annotation_decides_who_may_call() {
    for (annotation, header, has_identity, allowed) in [
        (None, None, false, true),
        (Some(json!(false)), None, false, true),
        (Some(json!(true)), None, false, false),
        (Some(json!(true)), Some("true"), false, false),
        (Some(json!(true)), None, true, true),
        (Some(json!("s3cret")), None, true, false),
        (Some(json!("s3cret")), Some("S3CRET"), true, false),
        (Some(json!("s3cret")), Some("s3cret2"), false, false),
        (Some(json!("s3cret")), Some("s3cret"), false, true),
        (Some(json!(42)), Some("42"), false, true),
        (Some(json!(42)), Some("42.0"), false, false),
        (Some(json!(null)), Some("null"), true, false),
        (Some(json!({})), Some("{}"), true, false),
        (Some(json!([])), Some("[]"), true, false),
    ] {
        let decided = require_whisk_auth(annotation.as_ref(), header, has_identity);
        assert_eq!(decided, allowed, "{annotation:?} {header:?} {has_identity}");
    }
}
