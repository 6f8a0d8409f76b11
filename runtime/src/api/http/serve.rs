//! The listening socket: accepts connections, bounds what a peer can hold open, and closes them in order at shutdown.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::config::HttpConfig;
use super::connections::{Connections, SWEEP, Socket};
use super::door::{Door, Requests};

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: u32 = 1024;

/// File descriptors that are kept for the store, the code cache, the compiler and deliveries.
const OTHER_DESCRIPTORS: usize = 512;
/// HTTP/2: requests of one connection at a time.
const STREAMS: u32 = 128;
/// HTTP/2: how often a silent peer is asked whether it is there, and how long it may take to say so.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// HTTP/2: bytes of answers that wait to be sent, per request.
const SEND_BUFFER: usize = 64 << 10;

/// An address that is taken. Nothing listens on it yet, so a client that comes too early is refused and not kept waiting.
pub struct Server {
    socket: TcpSocket,
    web: Option<TcpSocket>,
    config: HttpConfig,
}

/// A socket that listens, ready to serve.
pub struct ListeningServer {
    listener: TcpListener,
    /// The one for web actions only.
    web: Option<TcpListener>,
    config: HttpConfig,
}

impl Server {
    pub fn bind(address: SocketAddr, config: HttpConfig) -> std::io::Result<Self> {
        Ok(Server { socket: bound(address)?, web: None, config })
    }

    /// Takes a further address, for web actions only.
    pub fn and_web_actions_at(self, address: SocketAddr) -> std::io::Result<Self> {
        Ok(Server { web: Some(bound(address)?), ..self })
    }

    /// The address for web actions only.
    pub fn web_address(&self) -> std::io::Result<Option<SocketAddr>> {
        self.web.as_ref().map(TcpSocket::local_addr).transpose()
    }

    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    pub fn listen(self) -> std::io::Result<ListeningServer> {
        let web = self.web.map(|socket| socket.listen(BACKLOG)).transpose()?;
        Ok(ListeningServer { listener: self.socket.listen(BACKLOG)?, web, config: self.config })
    }
}

fn bound(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

impl ListeningServer {
    /// Serves until `stop`. Then it accepts no further connection and waits until every request that has begun is
    /// answered, at most `grace`.
    pub async fn serve(self, router: Router, stop: CancellationToken, grace: Duration) {
        let graceful = GracefulShutdown::new();
        let permits = Arc::new(Semaphore::new(connections_allowed(self.config.connections)));
        let builder = self.builder();
        let (mut door, mut sweep) = (Door::new(router, &self.config), tokio::time::interval(SWEEP));
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while let Some((stream, from_web_socket, permit)) =
            self.next(&permits, &door.connections, &mut sweep, &stop).await
        {
            let peer = stream.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip());
            let is_proxy = door.proxies.trusts(peer);
            let Some(open) = door.connections.open(peer, is_proxy, Instant::now()) else {
                debug!(%peer, "more connections than http.connections_per_address");
                continue;
            };
            door.peer = peer;
            let service =
                Requests { door: door.clone(), connection: open.connection.clone(), is_proxy, from_web_socket };
            let socket = TokioIo::new(Socket::new(stream, open.connection.clone()));
            let connection = graceful.watch(builder.serve_connection(socket, service).into_owned());
            tokio::spawn(async move {
                tokio::select! {
                    biased;
                    ended = connection => if let Err(cause) = ended {
                        debug!(%cause, "connection ended badly");
                    },
                    () = open.connection.closing() => (),
                }
                drop((open, permit));
            });
        }
        drop((self.listener, self.web));
        door.drain.stop().await;
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
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(self.config.header_bytes as u32)
            .max_concurrent_streams(STREAMS)
            .max_send_buf_size(SEND_BUFFER)
            .keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE);
        builder
    }

    /// A connection, and whether it came to the socket for web actions.
    async fn accept(&self) -> std::io::Result<(TcpStream, bool)> {
        let Some(web) = &self.web else { return Ok((self.listener.accept().await?.0, false)) };
        tokio::select! {
            accepted = self.listener.accept() => Ok((accepted?.0, false)),
            accepted = web.accept() => Ok((accepted?.0, true)),
        }
    }

    /// The next connection, once there is a permit for it. `None` when it is time to stop. Looks at the open ones
    /// meanwhile.
    async fn next(
        &self,
        permits: &Arc<Semaphore>,
        connections: &Connections,
        sweep: &mut Interval,
        stop: &CancellationToken,
    ) -> Option<(TcpStream, bool, OwnedSemaphorePermit)> {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return None,
                _ = sweep.tick() => {
                    connections.sweep(Instant::now());
                    continue;
                }
                accepted = self.accept() => accepted,
            };
            match accepted {
                Ok((stream, from_web_socket)) => {
                    if let Err(cause) = stream.set_nodelay(true) {
                        debug!(%cause, "connection without TCP_NODELAY");
                    }
                    let permit = permit(permits, connections, sweep, stop).await?;
                    return Some((stream, from_web_socket, permit));
                }
                Err(cause) => {
                    // Most likely out of file descriptors: wait until some are closed.
                    warn!(%cause, "connection could not be accepted");
                    connections.close_an_idle_one();
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

/// How many connections there may be: as many as are configured, and no more than there are descriptors for.
fn connections_allowed(configured: usize) -> usize {
    let descriptors = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let allowed = descriptors.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
    // Where there are very few, the connections get half of them.
    let allowed = allowed.saturating_sub(OTHER_DESCRIPTORS).max(allowed / 2);
    if allowed < configured {
        warn!(configured, allowed, "http.connections is lowered: the process may not open more files");
    }
    configured.min(allowed)
}

/// A permit for a connection that was accepted. Idle ones give way: a peer that has something to say is not to wait for
/// those that have not.
async fn permit(
    permits: &Arc<Semaphore>,
    connections: &Connections,
    sweep: &mut Interval,
    stop: &CancellationToken,
) -> Option<OwnedSemaphorePermit> {
    loop {
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            return Some(permit);
        }
        connections.close_an_idle_one();
        tokio::select! {
            () = stop.cancelled() => return None,
            _ = sweep.tick() => connections.sweep(Instant::now()),
            permit = Arc::clone(permits).acquire_owned() => return permit.ok(),
        }
    }
}
