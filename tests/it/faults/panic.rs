//! A defect of the server that panics while it answers. threats.md F30.

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wask_tests::{ServerProcess, guest};

/// Sends a request without a body over a connection that stays open; returns head and body of the answer.
async fn exchange(connection: &mut TcpStream, head: &str) -> (String, String) {
    connection.write_all(format!("{head}Host: x\r\n\r\n").as_bytes()).await.expect("an open connection");
    let mut text = String::new();
    let mut chunk = [0; 4096];
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
            if length.parse::<usize>().expect("a number") <= body.len() {
                return (head.to_owned(), body.to_owned());
            }
        }
        let read = connection.read(&mut chunk).await.expect("an open connection");
        assert_ne!(read, 0, "the connection was closed after {text:?}");
        text.push_str(&String::from_utf8_lossy(&chunk[..read]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_ends_the_request_that_meets_it_with_a_500_and_nothing_else() {
    // With room for one activation at a time, one that the panic left behind would refuse every later one.
    let variables = [("WASK_FAILPOINT", "running!"), ("WASK_LIMITS__CONCURRENT_INVOCATIONS", "1")];
    let wask = ServerProcess::serve(&variables).await;
    let me = wask.guest().await;
    me.create_web_action("echo", &guest("echo")).await;
    let mut connection = TcpStream::connect(wask.address()).await.expect("a connection");
    let get = format!("GET {} HTTP/1.1\r\nX-Request-ID: mine\r\n", me.web_path("echo.json?n=1"));

    let (head, body) = exchange(&mut connection, &get).await;

    assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
    let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(body, json!({ "error": "There was an internal server error.", "code": "mine" }));
    let (head, body) = exchange(&mut connection, &get).await;
    assert!(head.starts_with("HTTP/1.1 200 ") && body.contains("\"n\": \"1\""), "{head}\n{body}");
    assert_eq!(me.invoke("echo", &json!({ "n": 2 })).await.expect(200).json()["response"]["result"]["n"], 2);
    assert_eq!(me.send(me.anonymous(Method::GET, "/ping")).await.expect(200).text(), "pong");
    let log = wask.stderr();
    assert!(log.contains("request failed") && log.contains("armed to panic here"), "{log}");
}
