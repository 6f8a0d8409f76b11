//! Requests that no client library sends: heads and bodies that are too large, bodies in pieces, nonsense.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wask_tests::TestServer;

/// Sends raw bytes and returns what the server sends until it stops.
async fn raw(wask: &TestServer, request: &[u8]) -> String {
    let mut socket = TcpStream::connect(wask.address()).await.expect("a connection");
    let _ = socket.write_all(request).await; // the server may answer and close before it has read everything
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while !String::from_utf8_lossy(&answer).contains("\r\n\r\n") {
        match tokio::time::timeout(Duration::from_secs(20), socket.read(&mut chunk)).await.expect("an answer") {
            Ok(0) | Err(_) => break,
            Ok(read) => answer.extend_from_slice(&chunk[..read]),
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn basic(auth: &str) -> String {
    format!("authorization: Basic {}\r\n", STANDARD.encode(auth))
}

#[tokio::test(flavor = "multi_thread")]
async fn t14_giant_heads_are_refused_and_giant_bodies_before_they_are_sent() {
    let wask = TestServer::start().await;
    let key = basic(&wask.guest().auth);
    let get = |path: &str, headers: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\n{key}{headers}\r\n");
    let status = |answer: String| answer.split(' ').nth(1).unwrap_or_default().to_owned();

    let many: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    assert_eq!(status(raw(&wask, get("/ping", &many).as_bytes()).await), "431");
    let large = format!("x-large: {}\r\n", "y".repeat(200_000));
    let refused = status(raw(&wask, get("/ping", &large).as_bytes()).await);
    assert!(matches!(refused.as_str(), "431" | ""), "{refused}: closing may overtake the answer");
    let long = format!("/api/v1/namespaces?x={}", "y".repeat(9000));
    assert_eq!(status(raw(&wask, get(&long, "").as_bytes()).await), "414");
    assert_eq!(status(raw(&wask, get("/api/v1/namespaces?x=y", "").as_bytes()).await), "200");

    let announced = format!(
        "PUT /api/v1/namespaces/_/actions/a HTTP/1.1\r\nhost: x\r\n{key}\
         content-type: application/json\r\ncontent-length: 52428801\r\n\r\n"
    );
    assert_eq!(status(raw(&wask, announced.as_bytes()).await), "413", "without a byte of the body");
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_http_is_400_without_waiting_for_another_request() {
    let wask = TestServer::start().await;
    assert!(raw(&wask, b"this is no request\r\n\r\n").await.starts_with("HTTP/1.1 400 "));

    let whole_and_half = b"GET /ping HTTP/1.1\r\nhost: x\r\n\r\nGET /ping HT";
    assert!(raw(&wask, whole_and_half).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_arrives_in_pieces_is_counted_as_it_streams() {
    let wask = TestServer::builder().configure(|config| config.limits.payload_bytes = 1000).start().await;
    let key = basic(&wask.guest().auth);
    let head = format!(
        "POST /api/v1/namespaces/_/triggers/t HTTP/1.1\r\nhost: x\r\n{key}\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let piece = format!("1f4\r\n{}\r\n", "x".repeat(500));

    let answer = raw(&wask, format!("{head}{}", piece.repeat(3)).as_bytes()).await;

    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}
