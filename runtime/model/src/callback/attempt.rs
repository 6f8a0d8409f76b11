//! One attempt at a delivery. feeds.md §C.8.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// One attempt and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallbackAttempt {
    /// Its number, from 1; a restart counts from 1 again.
    pub n: u32,
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The HTTP status of the response. `None`: no response came.
    pub status_code: Option<u16>,
    /// Why it did not deliver. `None`: it did.
    pub error: Option<AttemptError>,
    /// The [`excerpt`](CallbackAttempt::excerpt) of the response's body.
    pub response_body: Option<String>,
}

impl CallbackAttempt {
    /// How many bytes of a response's body are kept.
    pub const BODY_KEPT: usize = 1 << 10;

    /// The first [`BODY_KEPT`](CallbackAttempt::BODY_KEPT) bytes of a response's body, cut between two characters.
    /// Bytes that are not UTF-8 become U+FFFD. `None`: the body is empty.
    pub fn excerpt(body: &[u8]) -> Option<String> {
        // Three more bytes complete a character that begins before the cut and ends after it; otherwise it would become
        // U+FFFD.
        let body = &body[..body.len().min(CallbackAttempt::BODY_KEPT + 3)];
        let mut text = String::from_utf8_lossy(body).into_owned();
        text.truncate(text.floor_char_boundary(CallbackAttempt::BODY_KEPT));
        (!text.is_empty()).then_some(text)
    }

    /// When it ended.
    pub fn ended(&self) -> Timestamp {
        self.at.after(Duration::from_millis(self.duration_ms))
    }
}

/// Why an attempt did not deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptError {
    /// The receiver's name did not resolve.
    DnsFailure,
    /// No connection to the receiver, or it broke.
    ConnectFailure,
    /// The TLS handshake failed.
    TlsFailure,
    /// The attempt took longer than its timeout.
    Timeout,
    /// The response was not 2xx. Redirects are not followed.
    HttpStatus,
    /// The name resolved to an address that the egress policy forbids.
    SsrfBlocked,
}

impl AttemptError {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            AttemptError::DnsFailure => "dns_failure",
            AttemptError::ConnectFailure => "connect_failure",
            AttemptError::TlsFailure => "tls_failure",
            AttemptError::Timeout => "timeout",
            AttemptError::HttpStatus => "http_status",
            AttemptError::SsrfBlocked => "ssrf_blocked",
        }
    }

    /// What a response with this status means. `None`: it delivers.
    pub fn from_status(status: u16) -> Option<AttemptError> {
        match status {
            200..=299 => None,
            _ => Some(AttemptError::HttpStatus),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_kept_up_to_1_kib_and_cut_between_characters() {
        assert_eq!(CallbackAttempt::excerpt(b""), None);
        assert_eq!(CallbackAttempt::excerpt(b"busy").unwrap(), "busy");
        assert_eq!(CallbackAttempt::excerpt(&[b'x'; 1024]).unwrap().len(), 1024);
        assert_eq!(CallbackAttempt::excerpt(&[b'x'; 65_536]).unwrap().len(), 1024);
        for (before, kept) in [(1020, 1024), (1021, 1021), (1022, 1022), (1023, 1023), (1024, 1024)] {
            let body = format!("{}\u{1f980}{}", "x".repeat(before), "y".repeat(10));
            let excerpt = CallbackAttempt::excerpt(body.as_bytes()).unwrap();
            assert_eq!(excerpt, body[..kept], "{before}");
        }
        assert_eq!(CallbackAttempt::excerpt(&[b'a', 0xff, b'b']).unwrap(), "a\u{fffd}b");
        assert!(CallbackAttempt::excerpt(&[0xff; 4096]).unwrap().len() <= 1024);
    }

    #[test]
    fn only_a_2xx_response_delivers() {
        for (status, error) in [(200, None), (202, None), (299, None)] {
            assert_eq!(AttemptError::from_status(status), error);
        }
        for status in [100, 199, 300, 302, 304, 404, 429, 500, 503] {
            assert_eq!(AttemptError::from_status(status), Some(AttemptError::HttpStatus), "{status}");
        }
    }
}
