//! The listening socket: accepts connections, bounds what a peer can hold open, and closes them in order at shutdown.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::Request;
use http::uri::PathAndQuery;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use tracing::{debug, warn};
use wask_model::setting::{MILLION, OutOfRange, check_ranges};

use super::drain_body::BodyDrain;

/// Bounds of connections; settings below `http.`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Concurrent connections; further ones wait in the kernel's queue.
    pub connections: usize,
    /// Milliseconds that a peer may take to send the head of a request.
    pub header_timeout_ms: u64,
    /// Bytes of a request's head.
    pub header_bytes: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        HttpConfig { connections: 10_000, header_timeout_ms: 10_000, header_bytes: 64 << 10 }
    }
}

impl HttpConfig {
    /// `Err` is the first setting outside its range.
    pub fn check(&self) -> Result<(), OutOfRange> {
        check_ranges([
            ("connections", self.connections as u64, 1..=MILLION),
            ("header_timeout_ms", self.header_timeout_ms, 1..=u64::MAX),
            ("header_bytes", self.header_bytes as u64, 8192..=MILLION),
        ])
    }
}

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: u32 = 1024;

/// The peer's address, in the extensions of every request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

impl Peer {
    /// A peer that has already disconnected has the address 0.0.0.0.
    fn from_stream(stream: &TcpStream) -> Self {
        Peer(stream.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip()))
    }
}

/// An address that is taken. Nothing listens on it yet, so a client that comes too early is refused and not kept waiting.
pub struct Server {
    socket: TcpSocket,
    config: HttpConfig,
}

/// A socket that listens, ready to serve.
pub struct ListeningServer {
    listener: TcpListener,
    config: HttpConfig,
}

impl Server {
    pub fn bind(address: SocketAddr, config: HttpConfig) -> std::io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(Server { socket, config })
    }

    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    pub fn listen(self) -> std::io::Result<ListeningServer> {
        Ok(ListeningServer { listener: self.socket.listen(BACKLOG)?, config: self.config })
    }
}

impl ListeningServer {
    /// Serves until `stop`. Then it accepts no further connection and waits until every request that has begun is
    /// answered, at most `grace`.
    pub async fn serve(self, router: Router, stop: CancellationToken, grace: Duration) {
        let graceful = GracefulShutdown::new();
        let permits = Arc::new(Semaphore::new(self.config.connections));
        let builder = self.builder();
        let drain = BodyDrain::new(Duration::from_millis(self.config.header_timeout_ms));
        while let Some((stream, permit)) = self.next(&permits, &stop).await {
            let (drain, peer) = (drain.clone(), Peer::from_stream(&stream));
            let prepare = move |mut request: http::Request<Incoming>| {
                request.extensions_mut().insert(peer);
                drain.watch(with_one_slash(request))
            };
            let router = router.clone().map_request(prepare);
            let service = TowerToHyperService::new(router);
            let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
            let connection = graceful.watch(connection);
            tokio::spawn(async move {
                if let Err(cause) = connection.await {
                    debug!(%cause, "connection ended badly");
                }
                drop(permit);
            });
        }
        drop(self.listener);
        drain.stop().await;
        if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
            warn!("connections were still open at the end of the grace period");
        }
    }

    fn builder(&self) -> auto::Builder<TokioExecutor> {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        let header_timeout = Duration::from_millis(self.config.header_timeout_ms);
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(header_timeout)
            .max_buf_size(self.config.header_bytes.max(8192));
        builder.http2().timer(TokioTimer::new()).max_header_list_size(self.config.header_bytes as u32);
        builder
    }

    /// The next connection, once there is a permit for it. `None` when it is time to stop.
    async fn next(
        &self,
        permits: &Arc<Semaphore>,
        stop: &CancellationToken,
    ) -> Option<(TcpStream, OwnedSemaphorePermit)> {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return None,
                accepted = async {
                    let permit = Arc::clone(permits).acquire_owned().await.ok()?;
                    Some((self.listener.accept().await, permit))
                } => accepted?,
            };
            match accepted {
                (Ok((stream, _)), permit) => {
                    if let Err(cause) = stream.set_nodelay(true) {
                        debug!(%cause, "connection without TCP_NODELAY");
                    }
                    return Some((stream, permit));
                }
                (Err(cause), _) => {
                    // Most likely out of file descriptors: wait until some are closed.
                    warn!(%cause, "connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

/// A client whose host is configured with a trailing slash sends every path as `//api/v1/…`.
fn with_one_slash(mut request: Request<Incoming>) -> Request<Incoming> {
    let target = request.uri().path_and_query().map_or("", PathAndQuery::as_str);
    if target.starts_with("//")
        && let Ok(path) = format!("/{}", target.trim_start_matches('/')).parse::<PathAndQuery>()
    {
        *request.uri_mut() = path.into();
    }
    request
}
