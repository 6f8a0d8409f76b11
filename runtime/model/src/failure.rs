//! The one type for "the request could not be carried out".

use std::borrow::Cow;
use std::time::Duration;

use crate::messages;

/// A sentence for the user, word for word; all of them come from [`messages`].
pub type Message = Cow<'static, str>;

/// Why a request could not be carried out. Knows nothing of HTTP, SQL or wasmtime; a variant exists only where somebody
/// acts differently on it.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{0}")]
    BadRequest(Message),
    /// No credentials, or wrong ones.
    #[error("{0}")]
    Unauthenticated(Message),
    #[error("{0}")]
    Forbidden(Message),
    #[error("{0}")]
    NotFound(Message),
    #[error("{0}")]
    Conflict(Message),
    /// What the request demands of the thing as it stands does not hold.
    #[error("{0}")]
    PreconditionFailed(Message),
    #[error("{0}")]
    TooLarge(Message),
    /// The stored thing contradicts itself.
    #[error("{0}")]
    Unprocessable(Message),
    /// A limit on how much at a time; worth another try after `retry_after`.
    #[error("{message}")]
    Throttled { message: Message, retry_after: Duration },
    /// Nothing wrong with the request: the node or its store cannot serve it now.
    #[error("{0}")]
    Unavailable(Message),
    /// What the caller reads is one fixed sentence; the cause is for the log.
    #[error("{}", messages::INTERNAL)]
    Internal(#[from] anyhow::Error),
}

impl Failure {
    /// A body or parameter of the wrong shape: 400 with the fixed prefix. REST contract §1.6.
    pub fn malformed(detail: impl AsRef<str>) -> Self {
        Failure::BadRequest(messages::malformed(detail.as_ref()))
    }

    pub fn not_found() -> Self {
        Failure::NotFound(messages::ENTITY_NOT_FOUND.into())
    }

    /// The name that guests and tasks see for the kind of failure; part of guest contract v1.
    pub fn reason(&self) -> &'static str {
        match self {
            Failure::BadRequest(_) | Failure::Unprocessable(_) => "bad-request",
            Failure::Unauthenticated(_) => "unauthorized",
            Failure::Forbidden(_) => "forbidden",
            Failure::NotFound(_) => "not-found",
            Failure::Conflict(_) | Failure::PreconditionFailed(_) => "conflict",
            Failure::TooLarge(_) => "too-large",
            Failure::Throttled { .. } => "throttled",
            Failure::Unavailable(_) => "unavailable",
            Failure::Internal(_) => "internal",
        }
    }

    /// Whether the caller has to change something (true) or the server failed (false).
    pub fn is_caller_error(&self) -> bool {
        !matches!(self, Failure::Unavailable(_) | Failure::Internal(_))
    }
}
