//! What a receiver gets, and what its answer becomes.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use proptest::prelude::*;
use wask_egress::{Bounds, OutgoingRequest, SendError};

use crate::receiver::{OK, Receiver};
use crate::rig::{BOUNDS, Names, egress, local, post, send, target, within};

#[tokio::test]
async fn a_request_arrives_with_its_path_headers_and_body() {
    let receiver = Receiver::answering(OK).await;
    let names = Names::with("hooks.example", &[&["127.0.0.1"]]);
    let egress = egress(&["127.0.0.0/8"], names.clone());
    let target = target(&format!("http://Hooks.Example.:{}/done//a/../b?order=42&x=%2F{{}}", receiver.port()));
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", HeaderValue::from_static("cb_1"));
    headers.insert("host", HeaderValue::from_static("forged.example"));
    headers.insert("content-length", HeaderValue::from_static("1"));
    headers.insert("transfer-encoding", HeaderValue::from_static("chunked"));
    headers.insert("connection", HeaderValue::from_static("keep-alive"));

    let answer = egress.send(OutgoingRequest { headers, ..post(&target) }, &BOUNDS).await.unwrap();

    assert_eq!((answer.status, &answer.body[..], answer.retry_after), (200, &b"hi"[..], None));
    let arrived = receiver.request();
    let (head, body) = arrived.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.lines().collect();
    lines.sort_unstable();
    let host = format!("host: hooks.example:{}", receiver.port());
    let expected = [
        "POST /done//a/../b?order=42&x=%2F{} HTTP/1.1",
        "connection: close",
        "content-length: 13",
        &host,
        "webhook-id: cb_1",
    ];
    assert_eq!((lines, body), (expected.to_vec(), "{\"done\":true}"));
    assert_eq!(names.asked(), ["hooks.example"]);
}

#[tokio::test]
async fn every_method_but_connect_is_sent() {
    let receiver = Receiver::answering(OK).await;
    let (egress, target) = (local(), target(&receiver.url("")));
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::HEAD] {
        let outgoing = OutgoingRequest { method, body: Bytes::new(), ..post(&target) };
        assert_eq!(egress.send(outgoing, &BOUNDS).await.unwrap().status, 200);
    }
    let connect = egress.send(OutgoingRequest { method: Method::CONNECT, ..post(&target) }, &BOUNDS).await;
    assert!(matches!(connect, Err(SendError::Protocol(_))), "{connect:?}");
    let lines: Vec<String> = receiver.requests().iter().map(|r| r.lines().next().unwrap().to_owned()).collect();
    assert_eq!(&lines[..4], ["GET / HTTP/1.1", "PUT / HTTP/1.1", "DELETE / HTTP/1.1", "HEAD / HTTP/1.1"]);
}

#[tokio::test]
async fn the_wait_that_a_receiver_asks_for_is_read() {
    for (fields, seconds) in [
        ("Retry-After: 120", Some(120)),
        ("Retry-After: 315360000", Some(315_360_000)),
        ("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
        ("Retry-After: later", None),
    ] {
        let head = format!("HTTP/1.1 429 Too Many Requests\r\n{fields}\r\nContent-Length: 0\r\n\r\n");
        let receiver = Receiver::answering(head).await;
        let answer = send(&local(), &receiver.url("/")).await.unwrap();
        assert_eq!((answer.status, answer.retry_after), (429, seconds.map(Duration::from_secs)), "{fields}");
    }
}

#[tokio::test]
async fn a_retry_date_counts_from_the_callers_now_if_the_receiver_sends_no_date() {
    let receiver = Receiver::answering(
        "HTTP/1.1 503 Busy\r\nRetry-After: Thu, 01 Jan 1970 00:01:00 GMT\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    let target = target(&receiver.url("/"));
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(20);
    let answer = local().send(OutgoingRequest { now, ..post(&target) }, &BOUNDS).await.unwrap();
    assert_eq!(answer.retry_after, Some(Duration::from_secs(40)));
}

#[tokio::test]
async fn the_next_address_is_tried_if_the_first_accepts_no_connection() {
    let receiver = Receiver::answering(OK).await;
    let egress = egress(&["127.0.0.0/8"], Names::with("two.example", &[&["127.0.0.9", "127.0.0.1"]]));
    let answer = send(&egress, &format!("http://two.example:{}/", receiver.port())).await.unwrap();
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_closed_port_is_a_failed_connection() {
    let sent = send(&local(), "http://127.0.0.9:8080/").await; // no test listens there
    assert!(matches!(sent, Err(SendError::Connect(_))), "{sent:?}");
}

#[tokio::test]
async fn an_unknown_name_or_one_without_addresses_is_a_failed_look_up() {
    for names in [Names::none(), Names::with("gone.example", &[&[]])] {
        let sent = send(&egress(&[], names), "http://gone.example/").await;
        assert!(matches!(sent, Err(SendError::Dns(_))), "{sent:?}");
    }
}

#[tokio::test]
async fn an_address_that_never_answers_times_out_while_connecting() {
    let full = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = full.local_addr().unwrap().port();
    let mut waiting = Vec::new(); // connections that fill the queue of a listener that accepts none
    loop {
        let address = format!("127.0.0.1:{port}").parse().unwrap();
        match std::net::TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
            Ok(stream) => waiting.push(stream),
            Err(_) => break,
        }
    }
    let target = target(&format!("http://127.0.0.1:{port}/"));
    let bounds = Bounds { total: Duration::from_secs(60), ..BOUNDS };
    let sent = within(2000, local().send(post(&target), &bounds)).await;
    assert_eq!(sent, Err(SendError::Timeout));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_request_line_has_path_and_query_as_given(
        rest in "/[A-Za-z0-9/._~!$&'()*+,;=:@%-]{0,40}(\\?[A-Za-z0-9/._~!$&'()*+,;=:@%?{}|-]{0,40})?",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let arrived = runtime.block_on(async {
            let receiver = Receiver::answering(OK).await;
            send(&local(), &receiver.url(&rest)).await.unwrap();
            receiver.request()
        });
        let line = arrived.lines().next().unwrap();
        prop_assert_eq!(line, format!("POST {rest} HTTP/1.1"));
    }
}
