//! Turns every error of the API into an HTTP status, here and nowhere else.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use wask_model::{Failure, Message};
use wask_store::StoreError;

/// Why a request is refused.
#[derive(Debug)]
pub enum Rejection {
    Failure(Failure),
    /// A reason that only HTTP knows: methods, media types, negotiation.
    Http(StatusCode, Message),
    /// 405. The router lists the supported methods in `Allow`, the outermost layer in the body.
    MethodNotAllowed,
    /// Like `Http`, with an indented body, as web actions send it.
    Web(StatusCode, Message),
}

/// What the outermost layer needs for the error body and the log line.
#[derive(Clone)]
pub struct Refusal {
    pub message: Message,
    pub pretty: bool,
    /// For the log only.
    pub cause: Option<Arc<Failure>>,
}

impl From<Failure> for Rejection {
    fn from(failure: Failure) -> Self {
        Rejection::Failure(failure)
    }
}

impl From<StoreError> for Rejection {
    fn from(error: StoreError) -> Self {
        Rejection::Failure(error.into())
    }
}

fn status_of(failure: &Failure) -> StatusCode {
    match failure {
        Failure::BadRequest(_) => StatusCode::BAD_REQUEST,
        Failure::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        Failure::Forbidden(_) => StatusCode::FORBIDDEN,
        Failure::NotFound(_) => StatusCode::NOT_FOUND,
        Failure::Conflict(_) => StatusCode::CONFLICT,
        Failure::PreconditionFailed(_) => StatusCode::PRECONDITION_FAILED,
        Failure::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Failure::Unprocessable(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Failure::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
        Failure::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        Failure::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn seconds(span: Duration) -> HeaderValue {
    HeaderValue::from(span.as_secs() + u64::from(span.subsec_nanos() > 0))
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let (status, refused) = match self {
            Rejection::Http(status, message) => (status, Refusal { message, pretty: false, cause: None }),
            Rejection::Web(status, message) => (status, Refusal { message, pretty: true, cause: None }),
            Rejection::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, Refusal { message: "".into(), pretty: false, cause: None })
            }
            Rejection::Failure(failure) => {
                let status = status_of(&failure);
                let message = failure.to_string().into();
                (status, Refusal { message, pretty: false, cause: Some(Arc::new(failure)) })
            }
        };
        let cause = refused.cause.clone();
        let mut response = refuse(status, refused);
        match cause.as_deref() {
            Some(Failure::Unauthenticated(_)) => {
                let realm = HeaderValue::from_static("Basic realm=\"OpenWhisk secure realm\",charset=UTF-8");
                response.headers_mut().insert(WWW_AUTHENTICATE, realm);
            }
            Some(Failure::Throttled { retry_after, .. }) => {
                response.headers_mut().insert(RETRY_AFTER, seconds(*retry_after));
            }
            Some(Failure::Unavailable(_)) => {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => (),
        }
        response
    }
}

fn refuse(status: StatusCode, refused: Refusal) -> Response {
    let mut response = status.into_response();
    response.extensions_mut().insert(refused); // the outermost layer writes {"error","code"}
    response
}
