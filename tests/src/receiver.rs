//! A receiver of callbacks: a server on loopback that answers as a test asks it to, and records the requests.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::eventually;

/// A request that came in.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: Method,
    /// Path and query, byte for byte.
    pub target: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// What the receiver answers.
#[derive(Clone, Debug)]
pub enum Reply {
    Status(u16),
    /// Status, headers, body.
    Full(u16, Vec<(&'static str, String)>, String),
    /// Like [`Reply::Status`], after a delay.
    After(Duration, u16),
    /// No answer; the connection stays open.
    Silence,
}

/// A server that receives callbacks; it stops when it is dropped.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    received: Mutex<Vec<Received>>,
    next: Mutex<VecDeque<Reply>>,
    otherwise: Mutex<Reply>,
}

impl Receiver {
    /// Starts a receiver that answers every request with 200.
    pub async fn start() -> Self {
        Receiver::start_on(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Like `start`, on a given address; waits until another server has freed it.
    pub async fn start_on(address: SocketAddr) -> Self {
        let listener = eventually("the port is free", || async { TcpListener::bind(address).await.ok() }).await;
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            received: Mutex::default(),
            next: Mutex::default(),
            otherwise: Mutex::new(Reply::Status(200)),
        });
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("a receiver that serves") });
        Receiver { address, shared, serving }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a target (path and query) on this receiver.
    pub fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    /// Sets the replies to the next requests, in order.
    pub fn next(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.next.lock().expect("no panic while it is held").extend(replies);
    }

    /// Sets the reply to requests for which `next` has none.
    pub fn otherwise(&self, reply: Reply) {
        *self.shared.otherwise.lock().expect("no panic while it is held") = reply;
    }

    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().expect("no panic while it is held").clone()
    }

    /// All requests received, as soon as there are at least `count`.
    pub async fn received_at_least(&self, count: usize) -> Vec<Received> {
        eventually(&format!("the receiver has {count} requests"), || async {
            let received = self.received();
            (received.len() >= count).then_some(received)
        })
        .await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 64 << 20).await.unwrap_or_default();
    let received = Received {
        method: parts.method,
        target: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    shared.received.lock().expect("no panic while it is held").push(received);
    let next = shared.next.lock().expect("no panic while it is held").pop_front();
    let reply = next.unwrap_or_else(|| shared.otherwise.lock().expect("no panic while it is held").clone());
    match reply {
        Reply::Status(status) => status_of(status).into_response(),
        Reply::Full(status, headers, body) => {
            let mut response = (status_of(status), body).into_response();
            for (name, value) in headers {
                let value = HeaderValue::try_from(value).expect("a header's value");
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
            response
        }
        Reply::After(time, status) => {
            tokio::time::sleep(time).await;
            status_of(status).into_response()
        }
        Reply::Silence => std::future::pending().await,
    }
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("a status")
}
