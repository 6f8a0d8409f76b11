//! Strangers who open connections and do not use them.

use std::time::Duration;

use reqwest::Method;
use tokio::io::AsyncWriteExt as _;

use super::canary::ADDRESS;
use super::storm::{sockets, storm};
use super::{Attack, Noted, Target};

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        Attack { name: "2,000 silent sockets", settings: &[], launch: |on| Box::pin(silent(on, b"")) },
        Attack {
            name: "2,000 half heads",
            settings: &[],
            launch: |on| Box::pin(silent(on, b"GET /ping HTTP/1.1\r\nHost: a\r\nX-Y: ")),
        },
        Attack {
            name: "2,000 HTTP/2 prefaces",
            settings: &[],
            launch: |on| Box::pin(silent(on, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
        },
        Attack { name: "web requests without their bodies", settings: &[], launch: |on| Box::pin(bodiless(on)) },
        Attack { name: "web requests whose bodies drip", settings: &[], launch: |on| Box::pin(dripping(on)) },
        Attack { name: "wrong keys from every socket", settings: &[], launch: |on| Box::pin(wrong_keys(on)) },
        Attack {
            name: "wrong keys from the canary's address",
            settings: &[],
            launch: |on| Box::pin(wrong_keys_of_the_canary(on)),
        },
    ]
}

/// Sockets that send at most the beginning of a request.
async fn silent(on: Target, first: &'static [u8]) -> Noted {
    let open = sockets(&on, on.count(600, 2000), first).await;
    tokio::time::sleep(on.rest()).await;
    format!("{} connected", open.len())
}

/// Requests to a web action of the canary that announce a body and never send it.
async fn bodiless(on: Target) -> Noted {
    let open = with_bodies(&on).await;
    tokio::time::sleep(on.rest()).await;
    format!("{} requests begun", open.len())
}

/// The same, with a byte of the body now and then.
async fn dripping(on: Target) -> Noted {
    let mut open = with_bodies(&on).await;
    while on.lasts() {
        for stream in &mut open {
            let _ = stream.write_all(b" ").await; // the server may have closed it
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    format!("{} requests begun", open.len())
}

async fn with_bodies(on: &Target) -> Vec<tokio::net::TcpStream> {
    let head = b"POST /api/v1/web/canary/default/echo.json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
        Content-Length: 1000\r\n\r\n";
    sockets(on, on.count(150, 1000), head).await
}

/// Guesses keys over 64 connections, each with another uuid.
async fn wrong_keys(on: Target) -> Noted {
    let counts = storm(&on, 64, |on, number| async move {
        let request = on.attacker.anonymous(Method::GET, "/api/v1/namespaces/_/actions");
        let uuid = format!("{:032x}", fastrand::u128(..));
        on.attacker.try_send(request.basic_auth(format!("{uuid}-{number}"), Some("x".repeat(64)))).await
    });
    counts.await.to_string()
}

/// The same from the address of the canary, half of the guesses for one uuid.
async fn wrong_keys_of_the_canary(mut on: Target) -> Noted {
    on.attacker = on.attacker.from_address(ADDRESS.into(), Duration::from_secs(10));
    let counts = storm(&on, 64, |on, number| async move {
        let uuid = if number % 2 == 0 { "one".to_owned() } else { format!("{:032x}", fastrand::u128(..)) };
        let request = on.attacker.anonymous(Method::GET, "/api/v1/namespaces/_/actions");
        on.attacker.try_send(request.basic_auth(uuid, Some("x".repeat(64)))).await
    });
    counts.await.to_string()
}
