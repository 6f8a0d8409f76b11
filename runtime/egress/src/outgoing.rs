//! What a caller hands in: one request, and what it may take.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::target::Target;

/// One request.
#[derive(Clone, Debug)]
pub struct OutgoingRequest<'a> {
    pub target: &'a Target,
    /// Any but CONNECT.
    pub method: Method,
    /// `Host`, `Content-Length`, `Connection` and their like are set here and replaced where given.
    pub headers: HeaderMap,
    pub body: Bytes,
    /// What a date in `Retry-After` is measured by where the receiver does not tell its own time.
    pub now: SystemTime,
}

/// What one request may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Until the connection stands: looking up the name, TCP to all its addresses, TLS. Default 5 s.
    pub connect: Duration,
    /// Until the answer's head is there, and never longer with its body. Default 30 s.
    pub total: Duration,
    /// Bytes of the answer's body that are read. Default 64 KiB.
    pub read_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { connect: Duration::from_secs(5), total: Duration::from_secs(30), read_bytes: 64 << 10 }
    }
}
