//! The one type for a request that could not be carried out.

use std::borrow::Cow;
use std::time::Duration;

use crate::messages;

/// A sentence for the user, word for word. All of them are in [`messages`].
pub type Message = Cow<'static, str>;

/// Why a request could not be carried out.
///
/// It knows nothing of HTTP, SQL or wasmtime, and a variant exists only where some code handles it differently. It
/// prints as the sentence that the caller reads.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The request is malformed or breaks a rule.
    #[error("{0}")]
    BadRequest(Message),
    /// The credentials are missing or wrong.
    #[error("{0}")]
    Unauthenticated(Message),
    /// The caller is known and may not do this.
    #[error("{0}")]
    Forbidden(Message),
    /// The entity or record does not exist.
    #[error("{0}")]
    NotFound(Message),
    /// The request contradicts what exists.
    #[error("{0}")]
    Conflict(Message),
    /// A condition of the request does not hold for the stored entity.
    #[error("{0}")]
    PreconditionFailed(Message),
    /// A body, payload or count is above its limit.
    #[error("{0}")]
    TooLarge(Message),
    /// The request is well-formed, but cannot be applied to what is stored.
    #[error("{0}")]
    Unprocessable(Message),
    /// A rate or concurrency limit is reached.
    #[error("{message}")]
    Throttled {
        /// What the caller reads.
        message: Message,
        /// When another try is worth it.
        retry_after: Duration,
    },
    /// The node or its store cannot serve any request now.
    #[error("{0}")]
    Unavailable(Message),
    /// A defect. The caller reads one fixed sentence; the cause is for the log.
    #[error("{}", messages::INTERNAL)]
    Internal(#[from] anyhow::Error),
}

impl Failure {
    /// A [`Failure::BadRequest`] for a body or parameter of the wrong shape, with the fixed prefix. rest.md §1.6.
    pub fn malformed(detail: impl AsRef<str>) -> Self {
        Failure::BadRequest(messages::malformed(detail.as_ref()))
    }

    /// A [`Failure::NotFound`] with the usual sentence.
    pub fn not_found() -> Self {
        Failure::NotFound(messages::ENTITY_NOT_FOUND.into())
    }

    /// The name of the variant in host calls and tasks; part of guest contract v1.
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

    /// Whether the caller must change something. `false`: the server failed.
    pub fn is_caller_error(&self) -> bool {
        !matches!(self, Failure::Unavailable(_) | Failure::Internal(_))
    }
}
