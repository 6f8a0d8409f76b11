//! What a caller passes in: one request and its limits.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::target::Target;

/// One request to send.
#[derive(Clone, Debug)]
pub struct OutgoingRequest<'a> {
    /// Where to send it.
    pub target: &'a Target,
    /// Any method but CONNECT.
    pub method: Method,
    /// Header fields. `Host`, `Content-Length` and the fields of the connection are replaced.
    pub headers: HeaderMap,
    /// The body. May be empty.
    pub body: Bytes,
    /// The time from which a date in `Retry-After` is measured if the receiver sends no `Date`.
    pub now: SystemTime,
}

/// The limits of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Time to connect: look-up of the name, TCP to all its addresses, TLS. Default 5 s.
    pub connect: Duration,
    /// Time until the head of the answer has arrived. Reading the body does not extend it. Default 30 s.
    pub total: Duration,
    /// How many bytes of the answer's body are read. Default 64 KiB.
    pub read_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { connect: Duration::from_secs(5), total: Duration::from_secs(30), read_bytes: 64 << 10 }
    }
}
