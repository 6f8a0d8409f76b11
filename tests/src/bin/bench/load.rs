//! A load: a number of connections that each send the next request when the last is answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The request that a load repeats.
#[derive(Clone)]
pub struct Request {
    pub address: SocketAddr,
    bytes: Arc<[u8]>,
    /// The expected status; another one is an error.
    status: u16,
}

impl Request {
    pub fn get(address: SocketAddr, path: &str) -> Self {
        let text = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        Request { address, bytes: text.into_bytes().into(), status: 200 }
    }

    pub fn post(address: SocketAddr, path: &str, auth: &str, body: &str, status: u16) -> Self {
        use base64::Engine as _;
        let key = base64::engine::general_purpose::STANDARD.encode(auth);
        let length = body.len();
        let text = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Basic {key}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        Request { address, bytes: text.into_bytes().into(), status }
    }
}

/// How long each request of a load took.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    pub each: Vec<Duration>,
    pub span: Duration,
}

impl Taken {
    pub fn per_second(&self) -> f64 {
        self.each.len() as f64 / self.span.as_secs_f64()
    }

    pub fn quantile(&self, q: f64) -> Duration {
        let mut sorted = self.each.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        sorted.get((last as f64 * q) as usize).copied().unwrap_or_default()
    }
}

/// Sends `request` over `connections` connections for `span`.
pub async fn run(request: &Request, connections: usize, span: Duration) -> anyhow::Result<Taken> {
    let started = Instant::now();
    let tasks: Vec<_> =
        (0..connections).map(|_| tokio::spawn(one_connection(request.clone(), started + span))).collect();
    let mut taken = Taken::default();
    for task in tasks {
        taken.each.extend(task.await??);
    }
    taken.span = started.elapsed();
    Ok(taken)
}

async fn one_connection(request: Request, end: Instant) -> anyhow::Result<Vec<Duration>> {
    let mut connection = Connection::open(request.address).await?;
    let mut each = Vec::with_capacity(1 << 16);
    loop {
        let sent = Instant::now();
        if sent >= end {
            return Ok(each);
        }
        let status = connection.ask(&request.bytes).await?;
        anyhow::ensure!(status == request.status, "answered {status} instead of {}", request.status);
        each.push(sent.elapsed());
    }
}

/// Sends `request` once; returns the status.
pub async fn once(request: &Request) -> anyhow::Result<u16> {
    Connection::open(request.address).await?.ask(&request.bytes).await
}

/// A kept-alive HTTP/1.1 connection that parses only what the bench needs of an answer.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(16 << 10) })
    }

    /// Sends a request, reads the whole answer, returns its status.
    async fn ask(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            anyhow::ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server closed the connection");
            let Some(head) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
            let text = std::str::from_utf8(&self.buffer[..head])?;
            let status = text.get(9..12).and_then(|digits| digits.parse().ok());
            let status = status.ok_or_else(|| anyhow::anyhow!("no status in {text:?}"))?;
            let length = text.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            while self.buffer.len() < head + 4 + length.unwrap_or(0) {
                anyhow::ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the answer was cut");
            }
            return Ok(status);
        }
    }
}
