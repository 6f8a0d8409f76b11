//! Servers on loopback: one that answers as the test says, and one that no request may reach.

use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/// Accepts connections until it is dropped, and keeps every request.
pub struct Receiver {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    accepting: JoinHandle<()>,
}

impl Receiver {
    /// Answers each request with `answer`, then waits for the other side to close.
    pub async fn answering(answer: impl Into<Vec<u8>>) -> Receiver {
        Receiver::answering_on(listener("127.0.0.1:0").await.unwrap(), answer)
    }

    /// A receiver on 127.0.0.2 that answers [`OK`], and a trap on the same port of 127.0.0.1.
    pub async fn next_to_a_trap() -> (Receiver, Trap) {
        loop {
            let trap = Trap::at("127.0.0.1:0");
            if let Ok(listener) = listener(&format!("127.0.0.2:{}", trap.port())).await {
                return (Receiver::answering_on(listener, OK), trap);
            }
        }
    }

    fn answering_on(listener: TcpListener, answer: impl Into<Vec<u8>>) -> Receiver {
        let answer: Arc<Vec<u8>> = Arc::new(answer.into());
        Receiver::acting_on(listener, move |mut socket| {
            let answer = Arc::clone(&answer);
            async move {
                let _ = socket.write_all(&answer).await;
                let _ = socket.read(&mut [0]).await;
            }
        })
    }

    /// Reads each request, then does `act` with its connection.
    pub async fn acting<F, A>(act: F) -> Receiver
    where
        F: Fn(TcpStream) -> A + Send + Sync + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        Receiver::acting_on(listener("127.0.0.1:0").await.unwrap(), act)
    }

    fn acting_on<F, A>(listener: TcpListener, act: F) -> Receiver
    where
        F: Fn(TcpStream) -> A + Send + Sync + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (kept, act) = (Arc::clone(&requests), Arc::new(act));
        let accepting = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((mut socket, _)) = listener.accept().await {
                let (kept, act) = (Arc::clone(&kept), Arc::clone(&act));
                connections.spawn(async move {
                    let request = read_request(&mut socket).await;
                    kept.lock().unwrap().push(request);
                    act(socket).await;
                });
            }
        });
        Receiver { address, requests, accepting }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The receiver's address as a URL, with a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Every request so far, head and body as received.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The only request so far.
    pub fn request(&self) -> String {
        let [request] = &self.requests()[..] else { panic!("one request, not {:?}", self.requests()) };
        request.clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn listener(address: &str) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Reads a request to the end of its body. It must have a `Content-Length` if it has a body.
pub async fn read_request(socket: &mut (impl AsyncRead + Unpin)) -> String {
    let mut read = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && length(head) <= body.len()
        {
            return text;
        }
        match socket.read(&mut chunk).await {
            Ok(0) | Err(_) => return text,
            Ok(n) => read.extend_from_slice(&chunk[..n]),
        }
    }
}

fn length(head: &str) -> usize {
    let field = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    field.map_or(0, |length| length.parse().unwrap())
}

/// A listener that must never be connected to.
pub struct Trap(std::net::TcpListener);

impl Trap {
    pub fn at(address: impl std::net::ToSocketAddrs) -> Trap {
        let listener = std::net::TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        Trap(listener)
    }

    pub fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// Whether nothing has connected. On loopback, a connection is in the listener's queue as soon as the other side
    /// has opened it.
    pub fn is_untouched(&self) -> bool {
        self.0.accept().is_err_and(|cause| cause.kind() == ErrorKind::WouldBlock)
    }
}
