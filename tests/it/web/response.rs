//! How a result becomes the response. `echo` returns the posted object, so each row posts the result it needs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wask_tests::{Client, TestServer, guest};

use super::{post, web, web_echo};

const HTML: &str = "text/html; charset=UTF-8";
const SVG: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=UTF-8";
const JSON: &str = "application/json";
const NOT_HTTP: &str = "Response is not valid 'message/http'.";
const NO_PROPERTY: &str = "Response does not include requested property.";
const TYPE_MISMATCH: &str = "Response type in header did not match generated content type.";

/// Posts a result to `echo` and compares status, content type and body.
async fn expect(me: &Client, bullet: u32, extension: &str, result: Value, status: u16, kind: &str, body: &str) {
    let answer = post(me, &format!("echo{extension}"), &result).await;
    let what = format!("b{bullet}: {extension} of {result}");
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(answer.header("content-type").unwrap_or_default(), kind, "{what}");
    assert_eq!(answer.text(), body, "{what}");
}

/// Like the above, for a refusal by the server.
async fn refused(me: &Client, bullet: u32, extension: &str, result: Value, status: u16, error: &str) {
    let answer = post(me, &format!("echo{extension}"), &result).await;
    let what = format!("b{bullet}: {extension} of {result}");
    assert_eq!((answer.status.as_u16(), answer.error().as_str()), (status, error), "{what}: {}", answer.text());
    assert_eq!(answer.header("content-type"), Some(JSON), "{what}");
    assert_eq!(answer.text().lines().count(), 4, "{what}: an object of two members on four lines");
}

async fn server() -> (TestServer, Client) {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({ "final": true })).await;
    (wask, me)
}

#[tokio::test(flavor = "multi_thread")]
async fn b158_json_is_the_whole_result_indented() {
    let (_wask, me) = server().await;
    me.create_web_action("array", &guest("array")).await;

    let answer = post(&me, "echo.json", &json!({ "b": [1], "a": "☃", "statusCode": 500 })).await.expect(200);
    assert_eq!(answer.header("content-type"), Some(JSON));
    assert!(answer.text().starts_with("{\n  \"__ow_method\": \"post\",\n"), "{}", answer.text());
    assert!(answer.text().contains("\n  \"b\": [\n    1\n  ],\n  \"a\": \"☃\","), "{}", answer.text());

    let array = me.send(web(&me, "GET", "array.json")).await.expect(200);
    assert_eq!(array.json().as_array().map(Vec::len), Some(2));
    for (extension, name) in [(".http", "message/http"), (".html", "text/html"), (".svg", SVG), (".text", "text/plain")]
    {
        let refused = me.send(web(&me, "GET", &format!("array{extension}"))).await.expect(400);
        assert_eq!(refused.error(), format!("Response is not valid '{name}'."));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b159_b160_an_extension_selects_the_member_of_its_name() {
    let (_wask, me) = server().await;
    for (extension, result, kind, body) in [
        (".html", json!({ "html": "<p>☃" }), HTML, "<p>☃"),
        (".html", json!({ "body": "<b>", "html": "<p>", "statusCode": 500 }), HTML, "<b>"),
        (".svg", json!({ "svg": "<svg/>" }), SVG, "<svg/>"),
        (".text", json!({ "text": "t" }), TEXT, "t"),
        (".text", json!({ "text": 1.5 }), TEXT, "1.5"),
        (".text", json!({ "text": null }), TEXT, "null"),
        (".text", json!({ "text": false }), TEXT, "false"),
        (".text", json!({ "body": { "a": 1 }, "text": "t" }), TEXT, "{\n  \"a\": 1\n}"),
    ] {
        expect(&me, 159, extension, result, 200, kind, body).await;
    }
    for (extension, result, name) in [
        (".html", json!({}), "text/html"),
        (".html", json!({ "html": 1 }), "text/html"),
        (".html", json!({ "html": "<p>", "body": {} }), "text/html"), // `body` wins, whatever it is
        (".svg", json!({ "html": "<p>" }), SVG),
    ] {
        refused(&me, 159, extension, result, 400, &format!("Response is not valid '{name}'.")).await;
    }
    refused(&me, 160, ".text", json!({ "html": "<p>" }), 404, NO_PROPERTY).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b161_to_b168_http_sets_status_type_and_body() {
    let (_wask, me) = server().await;
    let png = STANDARD.encode([0x89, b'P', b'N', b'G', 0, 255]);
    let kind = |kind: &str, body: Value| json!({ "headers": { "content-type": kind }, "body": body });
    for (bullet, result, status, content_type, body) in [
        (161, json!({ "statusCode": 302, "headers": { "location": "http://x" } }), 302, "", ""),
        (162, json!({ "statusCode": 444 }), 444, "", ""),
        (162, json!({ "statusCode": "418", "body": "tea" }), 418, HTML, "tea"),
        (162, json!({ "statusCode": 201.0, "body": "made" }), 201, HTML, "made"),
        (163, json!({}), 204, "", ""),
        (163, json!({ "body": "" }), 204, "", ""),
        (163, json!({ "body": null, "headers": { "content-type": "image/png" } }), 204, "", ""),
        (164, json!({ "statusCode": 201 }), 201, "", ""),
        (164, json!({ "statusCode": 204, "body": "lost" }), 204, "", ""),
        (164, json!({ "statusCode": 205, "body": "lost" }), 205, "", ""),
        (164, json!({ "statusCode": 304, "body": "lost" }), 304, "", ""),
        (165, json!({ "body": "<p>☃" }), 200, HTML, "<p>☃"),
        (165, kind("text/css", json!("p {}")), 200, "text/css; charset=UTF-8", "p {}"),
        (166, kind(JSON, json!("{ \"a\":1 }")), 200, JSON, "{ \"a\":1 }"),
        (166, kind(JSON, json!("hello world")), 200, JSON, "hello world"),
        (166, kind(JSON, json!("true")), 200, JSON, "true"),
        (167, json!({ "body": { "a": 1 } }), 200, JSON, "{\n  \"a\": 1\n}"),
        (167, json!({ "body": [1] }), 200, JSON, "[\n  1\n]"),
        (167, json!({ "body": 7 }), 200, JSON, "7"),
        (167, kind("application/ld+json", json!({ "a": 1 })), 200, "application/ld+json", "{\n  \"a\": 1\n}"),
    ] {
        expect(&me, bullet, ".http", result.clone(), status, content_type, body).await;
        expect(&me, bullet, "", result, status, content_type, body).await; // no extension: the same
    }
    let answer = post(&me, "echo.http", &kind("image/png", json!(png))).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("image/png"));
    assert_eq!(answer.body, [0x89, b'P', b'N', b'G', 0, 255]);
    let redirect = post(&me, "echo.http", &json!({ "statusCode": 302, "headers": { "location": "http://x" } })).await;
    assert_eq!(redirect.header("location"), Some("http://x"), "followed instead of handed on?");

    for empty in [json!({}), json!({ "body": "" }), json!({ "body": null })] {
        let accept = web(&me, "POST", "echo.http").header("accept", JSON).json(&empty); // 163
        assert!(me.send(accept).await.expect(204).body.is_empty(), "{empty}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b167_to_b169_b171_http_refuses_an_invalid_response() {
    let (_wask, me) = server().await;
    let kind = |kind: &str, body: Value| json!({ "headers": { "content-type": kind }, "body": body });
    for (bullet, result, error) in [
        (167, kind("text/html", json!({ "a": 1 })), TYPE_MISMATCH),
        (168, kind("image/png", json!("not base64!")), TYPE_MISMATCH),
        (169, kind("xyzbar", json!("x")), "Response did not specify a known content-type."),
        (171, json!({ "error": "oops" }), NOT_HTTP),
        (171, json!({ "error": { "headers": 1 } }), NOT_HTTP),
    ] {
        refused(&me, bullet, ".http", result, 400, error).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b171_b172_an_error_is_transcoded_but_a_crash_is_not_revealed() {
    let (_wask, me) = server().await;
    for broken in ["panic", "silent", "not-json"] {
        me.create_web_action(broken, &guest(broken)).await;
    }
    let teapot = json!({ "error": { "statusCode": 418, "body": "x", "headers": { "x-pot": "tea" } } });
    expect(&me, 171, ".http", teapot.clone(), 418, HTML, "x").await;
    expect(&me, 171, ".html", teapot.clone(), 200, HTML, "x").await;
    expect(&me, 171, ".text", json!({ "error": "oops" }), 200, TEXT, "oops").await;
    expect(&me, 171, ".json", json!({ "error": { "a": 1 } }), 200, JSON, "{\n  \"a\": 1\n}").await;
    refused(&me, 171, ".json", json!({ "error": "oops" }), 400, "Response is not valid 'application/json'.").await;

    for broken in ["panic", "silent", "not-json"] {
        for extension in [".json", ".http", ".html", ".svg", ".text"] {
            let answer = me.send(web(&me, "GET", &format!("{broken}{extension}"))).await.expect(400);
            assert_eq!(answer.error(), "There was an error processing your request.", "{broken}{extension}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b178_an_excluded_type_is_406_although_the_action_ran() {
    let (_wask, me) = server().await;
    let ask = |accept: &str, body: Value| {
        let request = web(&me, "POST", "echo.http").header("accept", accept).json(&body);
        me.send(request)
    };
    let refused = ask(JSON, json!({ "body": "<p>" })).await.expect(406);
    assert_eq!(refused.error(), format!("Resource representation is only available with these types:\n{HTML}"));
    let id = refused.header("x-openwhisk-activation-id").expect("an id").to_owned();
    me.ended(&id).await;
    assert_eq!(me.activations_of("echo").await.len(), 1, "it ran once");

    ask("application/json, */*;q=0.1", json!({ "body": "<p>" })).await.expect(200);
    ask("text/*", json!({ "body": "<p>" })).await.expect(200);
    ask(JSON, json!({ "statusCode": 404, "body": "<p>" })).await.expect(404); // errors always pass
    ask(JSON, json!({ "statusCode": 302, "body": "<p>" })).await.expect(406);
}
