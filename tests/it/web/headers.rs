//! Response headers: which origins may read a response, how HEAD and OPTIONS are answered, and which headers an action
//! cannot send (threats.md T32).

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wask_tests::{Answer, TestServer};

use super::{post, web, web_echo, web_echo_with};

const METHODS: &str = "OPTIONS, GET, DELETE, POST, PUT, HEAD, PATCH";
const HEADERS: &str = "Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent";
const NOT_HTTP: &str = "Response is not valid 'message/http'.";

fn cors(answer: &Answer) -> [Option<&str>; 3] {
    ["origin", "methods", "headers"].map(|part| answer.header(&format!("access-control-allow-{part}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn b174_b175_every_origin_can_read_every_response() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;
    web_echo(&me, "locked", json!({ "require-whisk-auth": "s3cret" })).await;
    web_echo_with(&me, "own", json!({}), json!({ "headers": { "access-control-allow-origin": "http://mine" } })).await;

    for (method, path, status) in [
        ("OPTIONS", "echo.json", 200),
        ("OPTIONS", "locked.json", 200), // browsers ask without credentials
        ("GET", "echo.json", 200),
        ("GET", "echo.html", 400),
        ("GET", "echo.text", 404), // the action is there, a member is not
        ("GET", "locked.json", 401),
        ("GET", "echo.json?__ow_user=x", 400),
        ("GET", "own.http", 204), // a browser refuses a response that says it twice
    ] {
        let answer = me.send(web(&me, method, path)).await.expect(status);
        assert_eq!(cors(&answer), [Some("*"), Some(METHODS), Some(HEADERS)], "{method} {path}");
        let asking = web(&me, method, path).header("access-control-request-headers", "x-custom-header");
        let answer = me.send(asking).await.expect(status);
        assert_eq!(cors(&answer), [Some("*"), Some(METHODS), Some("x-custom-header")], "{method} {path}");
    }

    let before = me.activations_of("echo").await.len();
    let answer = me.send(web(&me, "OPTIONS", "echo.json")).await.expect(200);
    assert!(answer.body.is_empty());
    assert_eq!(answer.header("x-openwhisk-activation-id"), None);
    assert_eq!(me.activations_of("echo").await.len(), before, "the action is not invoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn b176_an_action_can_answer_options_itself() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let parameters =
        json!({ "statusCode": 200, "headers": { "access-control-allow-origin": "http://mine", "x-own": "yes" } });
    let annotations = json!({ "web-custom-options": true, "require-whisk-auth": "s3cret" });
    web_echo_with(&me, "echo", annotations, parameters).await;

    let options = me.send(web(&me, "OPTIONS", "echo.http")).await.expect(200);
    assert_eq!(cors(&options), [Some("http://mine"), None, None]);
    assert_eq!(options.header("x-own"), Some("yes"));
    assert!(options.header("x-openwhisk-activation-id").is_some());
    let method = me.send(web(&me, "OPTIONS", "echo.json")).await.expect(200).json();
    assert_eq!(method["__ow_method"], "options");

    let refused = me.send(web(&me, "GET", "echo.http")).await.expect(401);
    assert_eq!(cors(&refused), [None, None, None]);
    let keyed = web(&me, "GET", "echo.json").header("x-require-whisk-auth", "s3cret");
    assert_eq!(cors(&me.send(keyed).await.expect(200)), [None, None, None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn b177_head_runs_the_action_and_sends_only_its_headers() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    let parameters = json!({ "statusCode": 203, "headers": { "x-own": "yes" }, "body": "<p>" });
    web_echo_with(&me, "echo", json!({}), parameters).await;

    let head = me.send(web(&me, "HEAD", "echo.http")).await.expect(203);
    assert_eq!((head.header("x-own"), head.body.len()), (Some("yes"), 0));
    assert_eq!(cors(&head)[0], Some("*"));
    let id = head.header("x-openwhisk-activation-id").expect("an id").to_owned();
    assert_eq!(me.ended(&id).await["response"]["result"]["__ow_method"], "head");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_web_actions_do_not_support_is_refused() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;
    let refused = me.send(web(&me, "BREW", "echo.json")).await.expect(405);
    assert_eq!(refused.header("allow"), Some(METHODS));
    assert_eq!(refused.error(), format!("HTTP method not allowed, supported methods: {METHODS}"));

    let own = json!({ "statusCode": 405, "headers": { "allow": "BREW" }, "body": "tea only" });
    let answer = post(&me, "echo.http", &own).await.expect(405);
    assert_eq!((answer.header("allow"), answer.text().as_str()), (Some("BREW"), "tea only"), "the action's own word");
}

#[tokio::test(flavor = "multi_thread")]
async fn b170_an_array_becomes_one_header_line_per_element() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;
    let headers =
        json!({ "Set-Cookie": ["a=1; Path=/", "b=2"], "x-number": 12.5, "x-flag": true, "x-deep": [[1], ["2"]] });

    let answer = post(&me, "echo.http", &json!({ "headers": headers })).await.expect(204);

    let lines =
        |name: &str| answer.headers.get_all(name).iter().map(|v| v.to_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(lines("set-cookie"), ["a=1; Path=/", "b=2"]);
    assert_eq!((lines("x-number"), lines("x-flag")), (vec!["12.5".to_owned()], vec!["true".to_owned()]));
    assert_eq!(lines("x-deep"), ["1", "2"]);
}

/// One HTTP/1.1 exchange on a connection that stays open. Returns head and body unchanged.
async fn exchange(connection: &mut TcpStream, path: &str, body: &Value) -> (String, String) {
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: wask\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all(format!("{head}{body}").as_bytes()).await.expect("a connection");
    let mut got = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = connection.read(&mut piece).await.expect("an answer");
        assert!(0 < read, "the connection was closed after {:?}", String::from_utf8_lossy(&got));
        got.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&got).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
        if length <= body.len() {
            assert_eq!(body.len(), length, "more came than was announced: {text}");
            return (head.to_owned(), body.to_owned());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t32_an_actions_header_cannot_break_out_of_its_response() {
    let wask = TestServer::start().await;
    let me = wask.guest();
    web_echo(&me, "echo", json!({})).await;
    let path = me.web_path("echo.http");
    let mut connection = TcpStream::connect(wask.address()).await.unwrap();
    let header = |name: &str, value: Value| json!({ "headers": { name: value }, "body": "x" });

    for refused in [
        header("x", json!("a\r\nSet-Cookie: stolen=1")),
        header("x", json!("a\nb")),
        header("x", json!("a\u{0}b")),
        header("x", json!(["fine", "a\rb"])),
        header("x: y\r\nz", json!("1")),
        header("x y", json!("1")),
        header("", json!("1")),
        header("x", json!({})),
        header("x", json!(null)),
        json!({ "headers": "x: y", "body": "x" }),
        json!({ "statusCode": 99, "body": "x" }),
        json!({ "statusCode": 101, "body": "x" }), // would announce another protocol
        json!({ "statusCode": 100, "body": "x" }),
        json!({ "statusCode": 600, "body": "x" }),
        json!({ "statusCode": 1000, "body": "x" }),
        json!({ "statusCode": -1, "body": "x" }),
        json!({ "statusCode": 200.5, "body": "x" }),
        json!({ "statusCode": "2e2", "body": "x" }),
        json!({ "statusCode": {}, "body": "x" }),
    ] {
        let (head, body) = exchange(&mut connection, &path, &refused).await;
        assert!(head.starts_with("HTTP/1.1 400 "), "{refused}: {head}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["error"], NOT_HTTP, "{refused}");
        assert!(!head.contains("stolen"), "{head}");
    }

    for (name, value) in [
        ("content-length", "1000"),
        ("Transfer-Encoding", "chunked"),
        ("connection", "close"),
        ("Keep-Alive", "timeout=0"),
        ("upgrade", "h2c"),
        ("te", "trailers"),
        ("trailer", "x"),
        ("proxy-authenticate", "Basic"),
    ] {
        let (head, body) = exchange(&mut connection, &path, &header(name, json!(value))).await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{name}: {head}");
        assert_eq!(body, "x", "{name}");
        let given = format!("{}: {value}", name.to_lowercase());
        assert!(!head.lines().any(|line| line == given), "{name} belongs to the connection: {head}");
    }

    let (head, body) = exchange(&mut connection, &path, &header("x", json!("y".repeat(100_000)))).await;
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    assert!(body.contains("Response headers larger than allowed: 100005 > 65536 bytes."), "{body}");
    let (head, body) = exchange(&mut connection, &path, &json!({ "body": "still in step" })).await;
    assert!(head.starts_with("HTTP/1.1 200 ") && body == "still in step", "{head}\n{body}");
}
