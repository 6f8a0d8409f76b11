//! Receivers that misbehave: none can hold a caller for longer than the limits, or make it read more. Threats, T19.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use wask_egress::{Bounds, SendError};

use crate::receiver::{OK, Receiver};
use crate::rig::{BOUNDS, local, post, send, target, within};

/// So long that a test which waits for it fails.
const PATIENT: Bounds =
    Bounds { connect: Duration::from_secs(60), total: Duration::from_secs(60), read_bytes: 64 << 10 };

#[tokio::test]
async fn a_receiver_that_never_answers_times_out() {
    let receiver = Receiver::acting(|mut socket| async move { drop(socket.read(&mut [0]).await) }).await;
    assert_eq!(within(2000, send(&local(), &receiver.url("/"))).await, Err(SendError::Timeout));
}

#[tokio::test]
async fn a_receiver_that_never_answers_delays_no_other() {
    let silent = Receiver::acting(|mut socket| async move { drop(socket.read(&mut [0]).await) }).await;
    let (egress, slow) = (Arc::new(local()), target(&silent.url("/")));
    let sender = Arc::clone(&egress);
    let waiting = tokio::spawn(async move { sender.send(post(&slow), &PATIENT).await });

    let receiver = Receiver::answering(OK).await;
    for _ in 0..10 {
        assert_eq!(within(500, send(&egress, &receiver.url("/"))).await.unwrap().status, 200);
    }
    assert!(!waiting.is_finished());
    waiting.abort();
}

#[tokio::test]
async fn a_head_that_arrives_byte_by_byte_times_out() {
    let receiver = Receiver::acting(|mut socket| async move {
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: ".iter().chain(std::iter::repeat(&b'a')) {
            if socket.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(within(2000, send(&local(), &receiver.url("/"))).await, Err(SendError::Timeout));
}

#[tokio::test]
async fn endless_interim_answers_time_out() {
    let receiver = Receiver::acting(|mut socket| async move {
        let many = b"HTTP/1.1 102 Processing\r\n\r\n".repeat(1000);
        while socket.write_all(&many).await.is_ok() {}
    })
    .await;
    assert_eq!(within(2000, send(&local(), &receiver.url("/"))).await, Err(SendError::Timeout));
}

#[tokio::test]
async fn a_slow_body_does_not_turn_a_success_into_a_failure() {
    let receiver = Receiver::acting(|mut socket| async move {
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n").await;
        while socket.write_all(b"a").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let target = target(&receiver.url("/"));
    for bounds in [BOUNDS, PATIENT] {
        let answer = within(3000, local().send(post(&target), &bounds)).await.unwrap();
        assert_eq!(answer.status, 200);
        assert!((1..1000).contains(&answer.body.len()), "{} bytes", answer.body.len());
        assert!(answer.body.iter().all(|byte| *byte == b'a'));
    }
}

#[tokio::test]
async fn an_endless_body_is_read_up_to_the_limit() {
    for framing in ["Connection: close", "Content-Length: 1073741824"] {
        let receiver = Receiver::acting(move |mut socket| async move {
            let _ = socket.write_all(format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n").as_bytes()).await;
            while socket.write_all(&[b'a'; 10_000]).await.is_ok() {}
        })
        .await;
        let target = target(&receiver.url("/"));
        for read_bytes in [0, 1, 1024, 64 << 10] {
            let bounds = Bounds { read_bytes, ..PATIENT };
            let answer = within(500, local().send(post(&target), &bounds)).await.unwrap();
            assert_eq!((answer.status, answer.body.len()), (200, read_bytes), "{framing}");
        }
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_returned_as_far_as_it_arrived() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nnonsense",
    ] {
        let receiver = Receiver::acting(move |mut socket| async move {
            let _ = socket.write_all(answer.as_bytes()).await;
        })
        .await;
        let answer = send(&local(), &receiver.url("/")).await.unwrap();
        assert_eq!((answer.status, &answer.body[..]), (200, &b"half"[..]));
    }
}

#[tokio::test]
async fn a_compressed_body_stays_compressed() {
    let packed = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\xc8\x04\x00\xac\x2a\x93\xd8\x02\x00\x00\x00";
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", packed.len());
    let receiver = Receiver::answering([head.as_bytes(), packed].concat()).await;
    assert_eq!(send(&local(), &receiver.url("/")).await.unwrap().body, packed[..]);
    assert!(!receiver.request().to_lowercase().contains("accept-encoding"));
}

#[tokio::test]
async fn bytes_that_are_not_http_are_a_protocol_error() {
    let many_fields: String = (0..101).map(|n| format!("X-{n}: a\r\n")).collect();
    for (case, answer) in [
        ("garbage", "SSH-2.0-OpenSSH_9.9\r\n\r\n".to_owned()),
        ("HTTP/0.9", "<html>hello</html>".to_owned()),
        ("a status that is no number", "HTTP/1.1 abc OK\r\n\r\n".to_owned()),
        ("HTTP/2", "HTTP/2.0 200 OK\r\n\r\n".to_owned()),
        ("many fields", format!("HTTP/1.1 200 OK\r\n{many_fields}\r\n")),
        ("a long field", format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "a".repeat(65_536))),
        ("an endless field", format!("HTTP/1.1 200 OK\r\nX: {}", "a".repeat(500_000))),
        ("half a head", "HTTP/1.1 200 OK\r\nX-Half".to_owned()),
        ("nothing", String::new()),
    ] {
        let receiver = Receiver::acting(move |mut socket| {
            let answer = answer.clone();
            async move {
                let _ = socket.write_all(answer.as_bytes()).await;
                let _ = socket.shutdown().await;
                let _ = socket.read(&mut [0]).await;
            }
        })
        .await;
        let sent = within(2000, local().send(post(&target(&receiver.url("/"))), &PATIENT)).await;
        assert!(matches!(sent, Err(SendError::Protocol(_))), "{case}: {sent:?}");
    }
}

#[tokio::test]
async fn the_connection_is_closed_after_the_answer_is_read() {
    let (closing, closed) = tokio::sync::oneshot::channel();
    let closing = std::sync::Mutex::new(Some(closing));
    let receiver = Receiver::acting(move |mut socket| {
        let closing = closing.lock().unwrap().take();
        async move {
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n").await;
            let read = socket.read(&mut [0]).await;
            closing.map(|closing| closing.send(matches!(read, Ok(0) | Err(_))));
        }
    })
    .await;
    assert_eq!(send(&local(), &receiver.url("/")).await.unwrap().status, 200);
    assert!(within(2000, closed).await.unwrap());
}
