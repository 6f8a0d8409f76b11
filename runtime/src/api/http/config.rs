//! Bounds of connections, and whose word is taken for the address of a client.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wask_model::setting::{MILLION, OutOfRange, check_ranges};

use super::connections::Bounds;
use super::peer::{ForwardedHeader, TrustedProxies};

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
    /// Milliseconds in which a peer must send, or read, 16 KiB of a body, or the rest of it.
    pub progress_timeout_ms: u64,
    /// Milliseconds that a connection may stay open without a request.
    pub idle_timeout_ms: u64,
    /// Concurrent connections of one address, an IPv6 /64 network counting as one; behind a trusted proxy, requests in
    /// flight of one client. 0 = any number.
    pub connections_per_address: u32,
    /// Addresses and ranges of proxies whose word is taken for the address of a client.
    pub trusted_proxies: Vec<String>,
    /// The header in which they name it.
    pub forwarded_header: ForwardedHeader,
    /// Host names that are answered; that of `server.api_host` always is. Empty: every host.
    pub hosts: Vec<String>,
    /// Origins whose pages may use the API, beyond its own; `*` = all.
    pub allow_origins: Vec<String>,
    /// Whether pages of all other origins may at least read.
    pub foreign_reads: bool,
}

impl Default for HttpConfig {
    fn default() -> Self {
        HttpConfig {
            connections: 10_000,
            header_timeout_ms: 10_000,
            header_bytes: 64 << 10,
            progress_timeout_ms: 30_000,
            idle_timeout_ms: 60_000,
            connections_per_address: 1000,
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeader::XForwardedFor,
            hosts: Vec::new(),
            allow_origins: Vec::new(),
            foreign_reads: true,
        }
    }
}

impl HttpConfig {
    /// `Err` is the first setting outside its range.
    pub fn check(&self) -> Result<(), OutOfRange> {
        check_ranges([
            ("connections", self.connections as u64, 1..=MILLION),
            ("header_timeout_ms", self.header_timeout_ms, 1..=u64::MAX),
            ("header_bytes", self.header_bytes as u64, 8192..=MILLION),
            ("progress_timeout_ms", self.progress_timeout_ms, 1..=u64::MAX),
            ("idle_timeout_ms", self.idle_timeout_ms, 1..=u64::MAX),
        ])
    }

    /// `Err` is the index of the first trusted proxy that is neither an address nor a range.
    pub fn check_proxies(&self) -> Result<(), usize> {
        TrustedProxies::new(&self.trusted_proxies, self.forwarded_header).map(drop)
    }

    pub(super) fn bounds(&self) -> Bounds {
        let ms = Duration::from_millis;
        Bounds {
            first_head: ms(self.header_timeout_ms),
            progress: ms(self.progress_timeout_ms),
            idle: ms(self.idle_timeout_ms),
        }
    }
}
