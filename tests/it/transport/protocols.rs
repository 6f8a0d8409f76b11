//! Connections: kept alive, pipelined, chunked, HTTP/2 without an upgrade.

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wask_tests::TestServer;

async fn with_echo() -> TestServer {
    let wask = TestServer::start().await;
    wask.guest().create_web_action("echo", &wask_tests::guest("echo")).await;
    wask
}

/// Sends raw bytes, ends the connection with a last request, and returns everything that the server sends.
async fn everything(wask: &TestServer, requests: &[u8]) -> String {
    let mut socket = TcpStream::connect(wask.address()).await.expect("a connection");
    socket.write_all(requests).await.expect("a server that reads");
    socket.write_all(b"GET /ping HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.expect("a server that reads");
    let mut answers = Vec::new();
    socket.read_to_end(&mut answers).await.expect("answers");
    String::from_utf8(answers).expect("text")
}

fn statuses(answers: &str) -> Vec<&str> {
    answers.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.split(' ').next()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_are_answered_in_order_even_after_a_refusal() {
    let wask = with_echo().await;
    let path = wask.guest().web_path("echo.json");
    let get = |n: u32| format!("GET {path}?n=n{n} HTTP/1.1\r\nhost: x\r\n\r\n");
    let missing = "PUT /api/v1/namespaces/_/actions/a HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nlost";
    let requests = format!("{}{}{missing}{}", get(1), get(2), get(3));

    let answers = everything(&wask, requests.as_bytes()).await;

    assert_eq!(statuses(&answers), ["200", "200", "401", "200", "200"], "{answers}");
    let at = |n: u32| answers.find(&format!("\"n{n}\"")).unwrap_or_else(|| panic!("n{n} is missing: {answers}"));
    assert!(at(1) < at(2) && at(2) < at(3), "{answers}");
    assert!(answers.ends_with("pong"), "{answers}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunked_body_is_one_body_whatever_its_extensions_and_trailers() {
    let wask = with_echo().await;
    let path = wask.guest().web_path("echo.json");
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n");
    let chunks = "1;name=value\r\n{\r\n8\r\n\"whole\":\r\n5\r\ntrue}\r\n0\r\ntrailer: ignored\r\n\r\n";

    let answers = everything(&wask, format!("{head}\r\n{chunks}").as_bytes()).await;
    assert_eq!(statuses(&answers), ["200", "200"], "{answers}");
    assert!(answers.contains("\"whole\": true"), "{answers}");

    let empty = everything(&wask, format!("{head}\r\n0\r\n\r\n").as_bytes()).await;
    assert_eq!(statuses(&empty), ["200", "200"], "{empty}");
    assert!(!empty.contains("__ow_body"), "{empty}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_an_ambiguous_content_length_is_refused() {
    let wask = with_echo().await;
    let path = wask.guest().web_path("echo.json");
    let lengths = ["content-length: 2\r\ncontent-length: 3", "content-length: -1", "content-length: 2x"];
    let encoded = [
        "content-length: 2\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 2",
        "Transfer-Encoding: chunked\r\nx: y\r\nCONTENT-LENGTH: 0",
    ];
    for lengths in lengths.into_iter().chain(encoded) {
        let request = format!("POST {path} HTTP/1.1\r\nhost: x\r\n{lengths}\r\n\r\n{{}}");
        let answers = everything(&wask, request.as_bytes()).await;
        assert_eq!(statuses(&answers), ["400"], "{lengths}: the connection ends with it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_works_without_an_upgrade_and_answers_requests_concurrently() {
    let wask = with_echo().await;
    let me = wask.guest();
    let client = HyperClient::builder(TokioExecutor::new()).http2_only(true).build_http::<Full<Bytes>>();
    let url = format!("{}{}", wask.base(), me.web_path("echo.json"));
    let ask = |n: usize| {
        let (client, url) = (client.clone(), url.clone());
        async move {
            let request = hyper::Request::post(url).header("content-type", "application/json");
            let body = Full::from(json!({ "n": n }).to_string());
            let response = client.request(request.body(body).expect("a request")).await.expect("an answer");
            assert_eq!((response.version(), response.status()), (hyper::Version::HTTP_2, hyper::StatusCode::OK));
            let bytes = response.into_body().collect().await.expect("a body").to_bytes();
            let echoed: Value = serde_json::from_slice(&bytes).expect("JSON");
            assert_eq!(echoed["n"], n);
        }
    };
    let asked: Vec<_> = (0..50).map(|n| tokio::spawn(ask(n))).collect();
    for one in asked {
        one.await.unwrap();
    }

    let head = hyper::Request::head(format!("{}/api/v1/namespaces", wask.base())).body(Full::default()).unwrap();
    let refused = client.request(head).await.unwrap();
    assert_eq!(refused.status(), hyper::StatusCode::UNAUTHORIZED);
    assert!(refused.into_body().collect().await.unwrap().to_bytes().is_empty(), "HEAD has no body here either");
}
