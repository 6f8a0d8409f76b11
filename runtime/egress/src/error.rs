//! How an attempt fails without an answer. Feeds contract §C.6, C.8.

use crate::policy::ForbiddenAddress;

/// Why there is no answer. The texts are for the operator's log; what a user reads of it is the caller's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The name has no address, or nobody could say.
    #[error("the name could not be looked up: {0}")]
    Dns(String),
    /// None of the addresses took the connection.
    #[error("no connection: {0}")]
    Connect(String),
    /// No trusted connection: the certificate is for another name, out of date, or of an authority nobody knows.
    #[error("no TLS connection: {0}")]
    Tls(String),
    /// The time for the connection, or for all, was over before the answer's head was there.
    #[error("no answer in time")]
    Timeout,
    /// Nothing was connected to; trying again is of no use until the name or the settings change.
    #[error("forbidden address: {0}")]
    Forbidden(ForbiddenAddress),
    /// What came over the connection was no HTTP, too large a head, or ended too early.
    #[error("no HTTP answer: {0}")]
    Protocol(String),
}

impl SendError {
    /// With the causes of the cause, because an HTTP library says only `connection error` itself.
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
