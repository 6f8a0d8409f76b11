//! Why a request got no answer. feeds.md §C.6, §C.8.

use crate::policy::ForbiddenAddress;

/// Why a request got no answer. The texts are for the operator's log; the caller decides what a user reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The name has no address, or the look-up failed.
    #[error("the name could not be looked up: {0}")]
    Dns(String),
    /// No address accepted the connection.
    #[error("no connection: {0}")]
    Connect(String),
    /// The certificate is for another name, out of date, or of an unknown authority.
    #[error("no TLS connection: {0}")]
    Tls(String),
    /// The time to connect, or the total time, was over before the head of the answer had arrived.
    #[error("no answer in time")]
    Timeout,
    /// The policy forbids an address, so no connection was opened. A retry is useless until the name or the settings
    /// change.
    #[error("forbidden address: {0}")]
    Forbidden(ForbiddenAddress),
    /// The answer was not HTTP, had too large a head, or ended too early.
    #[error("no HTTP answer: {0}")]
    Protocol(String),
}

impl SendError {
    /// Joins the messages of all causes, because the HTTP library's own says only `connection error`.
    pub(crate) fn protocol(cause: &dyn std::error::Error) -> SendError {
        let mut text = cause.to_string();
        let mut inner = cause.source();
        while let Some(cause) = inner {
            text = format!("{text}: {cause}");
            inner = cause.source();
        }
        SendError::Protocol(text)
    }
}
