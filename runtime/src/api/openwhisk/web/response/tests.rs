//! Rows of rest.md §11.8 that the outcome decides.

use axum::body::HttpBody as _;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, LOCATION, SET_COOKIE};
use http::{HeaderName, StatusCode};
use serde_json::json;
use wask_model::Response as Outcome;

use super::*;

/// Status, content type (`-` for none) and body, as text.
type Seen = (u16, String, String);

fn seen(extension: Extension, outcome: Outcome, accept: &'static str) -> Seen {
    let request = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
    match answer(extension, &outcome, &request) {
        Err(WebRefusal { status, message }) => (status.as_u16(), "refused".into(), message.into()),
        Ok(Answer { status, headers, content }) => {
            assert!(!headers.contains_key(CONTENT_TYPE));
            let (media, bytes) = match content {
                None => ("-".into(), Bytes::new()),
                Some(content) => (content.media.to_header().to_str().unwrap().into(), content.bytes),
            };
            (status.as_u16(), media, String::from_utf8_lossy(&bytes).into_owned())
        }
    }
}

fn succeeded(extension: Extension, result: Value) -> Seen {
    seen(extension, Outcome::success(result), "*/*")
}

fn http(result: Value) -> Seen {
    succeeded(Extension::Http, result)
}

/// A `.http` result with this body and content type.
fn typed(media: &str, body: impl Into<Value>) -> Seen {
    http(json!({"headers": {"Content-Type": media}, "body": body.into()}))
}

fn of(status: u16, media: &str, body: &str) -> Seen {
    (status, media.to_owned(), body.to_owned())
}

fn refused(message: &str) -> Seen {
    of(400, "refused", message)
}

const NOT_HTTP: &str = "Response is not valid 'message/http'.";
const HTML: &str = "text/html; charset=UTF-8";
const TEXT: &str = "text/plain; charset=UTF-8";

fn headers(given: Value) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let outcome = Outcome::success(json!({ "headers": given }));
    let response = render(Extension::Http, &outcome, &HeaderMap::new()).map_err(|refusal| refusal.message)?;
    Ok(response.headers().iter().map(|(name, value)| (name.clone(), value.clone())).collect())
}

#[test]
fn b158_json_is_pretty_printed() {
    let text = "{\n  \"b\": [\n    1\n  ],\n  \"a\": {}\n}";
    assert_eq!(succeeded(Extension::Json, json!({"b": [1], "a": {}})), of(200, "application/json", text));
    assert_eq!(succeeded(Extension::Json, json!([])), of(200, "application/json", "[]"));
    let ignored = json!({"statusCode": 404, "headers": {"x": "y"}});
    assert_eq!(succeeded(Extension::Json, ignored).0, 200);
}

#[test]
fn b159_html_svg_and_text_send_their_member_and_body_wins() {
    let no_html = refused("Response is not valid 'text/html'.");
    let no_svg = refused("Response is not valid 'image/svg+xml'.");
    for (extension, result, expected) in [
        (Extension::Html, json!({"html": "<p>"}), of(200, HTML, "<p>")),
        (Extension::Html, json!({"html": "<p>", "body": "<b>"}), of(200, HTML, "<b>")),
        (Extension::Html, json!({"html": "<p>", "body": 1}), no_html.clone()),
        (Extension::Html, json!({"svg": "<p>"}), no_html.clone()),
        (Extension::Html, json!(["<p>"]), no_html),
        (Extension::Svg, json!({"svg": "<svg/>"}), of(200, "image/svg+xml", "<svg/>")),
        (Extension::Svg, json!({"svg": {}}), no_svg),
        (Extension::Text, json!({"text": "t"}), of(200, TEXT, "t")),
        (Extension::Text, json!({"text": "t", "body": null}), of(200, TEXT, "null")),
        (Extension::Text, json!({"text": 1.5}), of(200, TEXT, "1.5")),
        (Extension::Text, json!({"text": false}), of(200, TEXT, "false")),
        (Extension::Text, json!({"body": {"a": [1]}}), of(200, TEXT, "{\n  \"a\": [\n    1\n  ]\n}")),
        (Extension::Text, json!(["t"]), refused("Response is not valid 'text/plain'.")),
    ] {
        assert_eq!(succeeded(extension, result.clone()), expected, "{extension:?} {result}");
    }
}

#[test]
fn b160_text_without_a_member_is_missing() {
    let missing = of(404, "refused", "Response does not include requested property.");
    assert_eq!(succeeded(Extension::Text, json!({"html": "<p>"})), missing);
}

#[test]
fn b161_to_b165_http_sets_status_and_body() {
    for (result, expected) in [
        (json!({"statusCode": 302, "headers": {"location": "http://x"}}), of(302, "-", "")),
        (json!({"statusCode": 444}), of(444, "-", "")),
        (json!({"statusCode": "444", "body": "x"}), of(444, HTML, "x")),
        (json!({"statusCode": 418.0, "body": "x"}), of(418, HTML, "x")),
        (json!({}), of(204, "-", "")),
        (json!({"body": ""}), of(204, "-", "")),
        (json!({"body": null, "headers": {"content-type": "xyzbar"}}), of(204, "-", "")),
        (json!({"statusCode": 200}), of(200, "-", "")),
        (json!({"statusCode": 201}), of(201, "-", "")),
        (json!({"body": "<p>"}), of(200, HTML, "<p>")),
        (json!({"statusCode": 204, "body": "x"}), of(204, "-", "")),
        (json!({"statusCode": 205, "body": "x"}), of(205, "-", "")),
        (json!({"statusCode": 304, "body": "x"}), of(304, "-", "")),
        (json!({"statusCode": 599, "body": "x"}), of(599, HTML, "x")),
    ] {
        assert_eq!(http(result.clone()), expected, "{result}");
    }
    let empty = seen(Extension::Http, Outcome::success(json!({})), "application/json");
    assert_eq!(empty, of(204, "-", ""), "row 163");
    let location = headers(json!({"location": "http://x"})).unwrap();
    assert_eq!(location, [(LOCATION, HeaderValue::from_static("http://x"))]);
}

#[test]
fn a_status_that_cannot_end_a_response_is_refused() {
    for status in [
        json!(0),
        json!(99),
        json!(100),
        json!(101),
        json!(199),
        json!(600),
        json!(1000),
        json!(65736),
        json!(-200),
        json!(200.5),
        json!(1e300),
        json!("abc"),
        json!(" 200"),
        json!("200.0"),
        json!(""),
        json!(null),
        json!(true),
        json!([200]),
    ] {
        assert_eq!(http(json!({"statusCode": status, "body": "x"})), refused(NOT_HTTP), "{status}");
    }
}

#[test]
fn b166_to_b169_http_encodes_the_body_by_its_type() {
    let mismatch = refused("Response type in header did not match generated content type.");
    let unknown = refused("Response did not specify a known content-type.");
    let object = "{\n  \"a\": 1\n}";
    for (media, body, expected) in [
        ("application/json", json!("{\"a\":1}"), of(200, "application/json", "{\"a\":1}")),
        ("application/json", json!("hello world"), of(200, "application/json", "hello world")),
        ("application/json", json!("eyJhIjoxfQ=="), of(200, "application/json", "{\"a\":1}")),
        ("application/json", json!("true"), of(200, "application/json", "true")),
        ("application/json", json!("1234"), of(200, "application/json", "1234")),
        ("application/hal+json", json!("eyJhIjoxfQ=="), of(200, "application/hal+json", "{\"a\":1}")),
        ("application/json", json!({"a": 1}), of(200, "application/json", object)),
        ("application/hal+json", json!({"a": 1}), of(200, "application/hal+json", object)),
        ("application/json", json!(7), of(200, "application/json", "7")),
        ("application/json", json!(false), of(200, "application/json", "false")),
        ("text/html", json!({"a": 1}), mismatch.clone()),
        ("image/png", json!([1]), mismatch.clone()),
        ("text/plain; charset=latin1", json!("ä"), of(200, TEXT, "ä")),
        ("text/plain", json!("eyJhIjoxfQ=="), of(200, TEXT, "eyJhIjoxfQ==")),
        ("application/xml", json!("<a/>"), of(200, "application/xml; charset=UTF-8", "<a/>")),
        ("image/png", json!("YWJj"), of(200, "image/png", "abc")),
        ("application/octet-stream", json!("YWI"), of(200, "application/octet-stream", "ab")),
        ("image/png", json!("not base64!"), mismatch.clone()),
        ("image/svg+xml", json!("<svg/>"), mismatch),
        ("xyzbar", json!("hello world"), unknown.clone()),
        ("", json!("hello world"), unknown.clone()),
        ("*/*", json!({"a": 1}), unknown),
    ] {
        assert_eq!(typed(media, body.clone()), expected, "{media} {body}");
    }
    assert_eq!(http(json!({"body": {"a": 1}})), of(200, "application/json", object));
}

#[test]
fn b170_every_header_value_becomes_one_line() {
    let given = json!({"Set-Cookie": ["a=1", ["b=2"]], "X-Number": 1.5, "x-flag": true, "x-none": [], "x-ä": "y"});
    assert_eq!(headers(given).unwrap_err(), NOT_HTTP);

    let given = json!({"Set-Cookie": ["a=1", ["b=2"]], "X-Number": 1.5, "x-flag": true, "x-none": [], "x-text": "ä"});
    let line = |name: &'static str, value: &str| {
        (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    let expected = [
        (SET_COOKIE, HeaderValue::from_static("a=1")),
        (SET_COOKIE, HeaderValue::from_static("b=2")),
        line("x-number", "1.5"),
        line("x-flag", "true"),
        line("x-text", "ä"),
    ];
    assert_eq!(headers(given).unwrap(), expected);
}

#[test]
fn an_invalid_header_is_refused() {
    for given in [
        json!(null),
        json!([]),
        json!("x: y"),
        json!({"x": null}),
        json!({"x": {}}),
        json!({"x": ["a", {}]}),
        json!({"": "a"}),
        json!({"x y": "a"}),
        json!({"x:": "a"}),
        json!({"x\r\nset-cookie": "a"}),
        json!({"x": "a\r\nSet-Cookie: b=1"}),
        json!({"x": "a\nb"}),
        json!({"x": "a\u{0}"}),
        json!({"content-type": "text/html\r\nx: y"}),
        json!({"connection": "close\r\nx: y"}),
    ] {
        assert_eq!(headers(given.clone()).unwrap_err(), NOT_HTTP, "{given}");
    }
}

#[test]
fn headers_that_belong_to_the_connection_are_dropped() {
    let given = json!({
        "Connection": "close", "Transfer-Encoding": "chunked", "Content-Length": 5, "TE": "trailers", "Trailer": "x",
        "Upgrade": "h2c", "Keep-Alive": "timeout=5", "Proxy-Authenticate": "Basic", "Proxy-Connection": "close",
        "x-kept": "y"
    });
    let kept = (HeaderName::from_static("x-kept"), HeaderValue::from_static("y"));
    assert_eq!(headers(given).unwrap(), [kept]);
}

#[test]
fn headers_have_a_limit() {
    let line = "x".repeat(65_536 - "a: \r\n".len());
    assert_eq!(headers(json!({ "a": line })).unwrap().len(), 1);
    let refusal = headers(json!({ "a": line, "b": "" })).unwrap_err();
    assert_eq!(refusal, "Response headers larger than allowed: 65541 > 65536 bytes.");
    assert!(headers(json!({ "a": vec![""; 100_000] })).is_err());
}

#[test]
fn a_result_that_is_not_an_object_is_refused_as_http_message() {
    assert_eq!(http(json!([{"body": "x"}])), refused(NOT_HTTP));
}

#[test]
fn b171_an_application_error_is_transcoded_like_a_result() {
    let no_json = refused("Response is not valid 'application/json'.");
    let missing = of(404, "refused", "Response does not include requested property.");
    for (extension, error, expected) in [
        (Extension::Http, json!({"statusCode": 418, "body": "x"}), of(418, HTML, "x")),
        (Extension::Http, json!("oops"), refused(NOT_HTTP)),
        (Extension::Http, json!(null), refused(NOT_HTTP)),
        (Extension::Json, json!("oops"), no_json),
        (Extension::Json, json!({}), of(200, "application/json", "{}")),
        (Extension::Html, json!("<p>"), of(200, HTML, "<p>")),
        (Extension::Svg, json!({"body": "<svg/>"}), of(200, "image/svg+xml", "<svg/>")),
        (Extension::Text, json!("oops"), of(200, TEXT, "oops")),
        (Extension::Text, json!(null), of(200, TEXT, "null")),
        (Extension::Text, json!({}), missing.clone()),
    ] {
        let outcome = Outcome::application_error(error.clone());
        assert_eq!(seen(extension, outcome, "*/*"), expected, "{extension:?} {error}");
    }
    let without = Outcome { status: Status::ApplicationError, result: json!({"body": "x"}), size: None };
    assert_eq!(seen(Extension::Http, without, "*/*"), missing);
}

#[test]
fn b172_the_cause_of_a_crash_is_not_revealed() {
    let sentence = refused("There was an error processing your request.");
    assert_eq!(seen(Extension::Json, Outcome::developer_error("secret"), "*/*"), sentence);
    assert_eq!(seen(Extension::Http, Outcome::whisk_error("secret"), "*/*"), sentence);
}

#[test]
fn b178_an_excluded_type_is_not_acceptable() {
    let only = |types: &str| {
        of(406, "refused", &format!("Resource representation is only available with these types:\n{types}"))
    };
    for (extension, result, accept, expected) in [
        (Extension::Http, json!({"body": "<p>"}), "application/json", only(HTML)),
        (Extension::Http, json!({"body": "<p>"}), "text/*", of(200, HTML, "<p>")),
        (Extension::Http, json!({"body": "<p>", "statusCode": 302}), "image/png", only(HTML)),
        (Extension::Http, json!({"body": "<p>", "statusCode": 404}), "image/png", of(404, HTML, "<p>")),
        (Extension::Json, json!({}), "text/html", only("application/json")),
        (Extension::Html, json!({"html": "<p>"}), "application/json", only(HTML)),
        (Extension::Text, json!({"html": "<p>"}), "text/html", of(404, "refused", messages::WEB_PROPERTY_MISSING)),
    ] {
        assert_eq!(seen(extension, Outcome::success(result.clone()), accept), expected, "{result} {accept}");
    }
}

#[test]
fn a_rendered_response_has_one_content_type_and_the_bytes() {
    let outcome = Outcome::success(json!({"headers": {"content-type": ["text/css", "text/xml"]}, "body": "p {}"}));
    let response = render(Extension::Http, &outcome, &HeaderMap::new()).unwrap();
    let types: Vec<_> = response.headers().get_all(CONTENT_TYPE).iter().collect();
    assert_eq!(types, ["text/css; charset=UTF-8"]);
    assert_eq!(response.body().size_hint().exact(), Some(4));
    assert_eq!(response.status(), StatusCode::OK);
}

#[test]
fn b174_to_b176_every_origin_can_read_the_response() {
    let asked = HeaderValue::from_static("x-custom-header");
    for (requested, allowed) in [
        (None, "Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent"),
        (Some(&asked), "x-custom-header"),
    ] {
        let mut headers = HeaderMap::new();
        headers.append(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("http://of.the.action"));
        cors(&mut headers, requested);
        assert_eq!(headers.len(), 3);
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_METHODS], "OPTIONS, GET, DELETE, POST, PUT, HEAD, PATCH");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_HEADERS], allowed);
    }
}
