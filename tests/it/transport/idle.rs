//! Peers that do nothing: they are closed, and nobody waits for them. threats.md T15.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use wask_tests::{PATIENCE, TestServer, TestServerBuilder, eventually, guest};

/// A server whose bounds are short enough to be waited for.
fn builder() -> TestServerBuilder {
    TestServer::builder().configure(|config| {
        config.http.header_timeout_ms = 700;
        config.http.progress_timeout_ms = 700;
    })
}

/// A connection that says only this.
async fn saying(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

/// Everything the server sends until it closes the connection.
async fn until_closed(mut stream: TcpStream) -> String {
    let mut all = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut all)).await;
    read.expect("the server closes the connection").ok(); // a reset is an end too
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn t15_a_peer_that_sends_no_whole_head_is_closed_whatever_it_begins_with() {
    let wask = builder().start().await;
    let begun: [&[u8]; 4] =
        [b"", b"P", b"GET /ping HTTP/1.1\r\nhost: x\r\nx-slow: ", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"];
    for bytes in begun {
        let said = until_closed(saying(wask.address(), bytes).await).await;
        assert!(!said.contains("200 OK"), "{said}");
    }
    let whole = saying(wask.address(), b"GET /ping HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(until_closed(whole).await.ends_with("pong"));
}

#[tokio::test(flavor = "multi_thread")]
async fn t15_a_connection_without_a_request_is_closed_and_one_that_waits_for_its_answer_is_not() {
    let wask = TestServer::builder()
        .configure(|config| {
            config.http.header_timeout_ms = 60_000;
            config.http.idle_timeout_ms = 300;
        })
        .start()
        .await;
    let me = wask.guest();
    me.create_web_action("sleeper", &guest("sleeper")).await;

    let path = me.web_path("sleeper.json?ms=1500");
    let waiting = saying(wask.address(), format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await;

    let said = until_closed(waiting).await;
    assert!(said.contains("\"slept\": 1500"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t15_a_body_that_stalls_or_drips_is_408_and_holds_no_place() {
    let wask = builder().configure(|config| config.limits.concurrent_invocations = 1).start().await;
    let me = wask.guest();
    me.create_web_action("echo", &guest("echo")).await;
    let path = me.web_path("echo.json");
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n");
    let stalled = saying(wask.address(), head.as_bytes()).await;
    let mut drips = saying(wask.address(), format!("{head}{{").as_bytes()).await;

    me.web(Method::GET, "echo.json?n=1").await.expect(200); // the only place is free

    let drip = async {
        while drips.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await; // a peer has no clock but the real one
        }
    };
    let said = tokio::select! {
        said = until_closed(stalled) => said,
        () = drip => String::new(),
    };
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    assert!(said.contains("less than 16 KiB in 700 ms (http.progress_timeout_ms)"), "{said}");
    let said = until_closed(drips).await;
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t15_a_peer_that_does_not_read_is_cut_off() {
    let wask = builder().start().await;
    let me = wask.guest();
    me.create_action("big", &guest("big-result")).await;
    let record = me.invoke("big", &json!({ "size": 1_000_000 })).await.expect(200);
    let id = record.json()["activationId"].as_str().unwrap().to_owned();
    me.ended(&id).await;
    let key = STANDARD.encode(&me.auth);
    let get =
        format!("GET /api/v1/namespaces/_/activations/{id} HTTP/1.1\r\nhost: x\r\nauthorization: Basic {key}\r\n\r\n");
    const ASKED: usize = 30;

    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 << 10).unwrap();
    let mut lazy = socket.connect(wask.address()).await.unwrap();
    lazy.write_all(get.repeat(ASKED).as_bytes()).await.unwrap();

    // It is closed while it reads nothing: writing to it fails in the end.
    eventually("the connection is cut", || {
        let written = lazy.try_write(b"x");
        async move { written.is_err_and(|cause| cause.kind() != std::io::ErrorKind::WouldBlock).then_some(()) }
    })
    .await;
    assert!(until_closed(lazy).await.len() < ASKED * 1_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn t15_an_address_has_only_so_many_connections_and_others_are_not_affected() {
    let wask = builder().configure(|config| config.http.connections_per_address = 5).start().await;
    let from = |address: &str| {
        let http = reqwest::Client::builder().no_proxy().local_address(Some(address.parse().unwrap())).build().unwrap();
        http.get(format!("{}/ping", wask.base())).send()
    };
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(saying(wask.address(), b"GET ").await);
    }

    assert_eq!(until_closed(TcpStream::connect(wask.address()).await.unwrap()).await, "", "one too many");
    assert_eq!(from("127.0.0.2").await.unwrap().status(), 200);

    drop(held);
    eventually("the address may come again", || async { from("127.0.0.1").await.ok() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t15_silent_connections_give_way_to_newcomers() {
    let many = |config: &mut wask::config::Config| {
        config.http.connections = 20;
        config.http.header_timeout_ms = 60_000;
    };
    let wask = TestServer::builder().configure(many).start().await;
    let mut held = Vec::new();
    for _ in 0..60 {
        held.push(saying(wask.address(), b"GET ").await);
    }

    let ping = saying(wask.address(), b"GET /ping HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;

    assert!(until_closed(ping).await.ends_with("pong"));
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_trusted_proxy_each_client_has_its_own_bound() {
    let wask = TestServer::builder()
        .configure(|config| {
            config.http.connections_per_address = 1;
            config.http.trusted_proxies = vec!["127.0.0.0/8".into()];
        })
        .start()
        .await;
    let me = wask.guest();
    me.create_web_action("sleeper", &guest("sleeper")).await;
    let path = me.web_path("sleeper.json?ms=1000");
    let one = format!("GET {path} HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 192.0.2.1\r\nconnection: close\r\n\r\n");
    let asleep = saying(wask.address(), one.as_bytes()).await;
    eventually("it runs", || async { (!wask.running().is_empty()).then_some(()) }).await;
    let as_client = async |client: &str| {
        let request = me.anonymous(Method::GET, "/ping").header("X-Forwarded-For", client);
        me.send(request).await
    };

    let refused = as_client("6.6.6.6, 192.0.2.1").await.expect(429);
    let says = "Too many requests of this client in flight (allowed: 1, http.connections_per_address).";
    assert_eq!(refused.error(), says);
    as_client("192.0.2.2").await.expect(200);

    assert!(until_closed(asleep).await.contains("\"slept\""));
    as_client("192.0.2.1").await.expect(200);
}
