//! Answers: rendered where that delays nobody, and charged to the memory for answers until they have been sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Json;
use axum::body::{Body, HttpBody};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use serde::Serialize;
use serde_json::Value;
use wask_model::{Failure, NamespaceName};

use super::caller::Caller;
use super::media::MediaType;
use super::rejection::Rejection;
use crate::api::{App, GATEWAY, WEB};
use crate::memory::Charge;

/// What is smaller is not charged: the number of connections bounds it.
const SMALL: u64 = 16 << 10;
/// Larger documents are rendered on a thread of their own.
const LARGE: u64 = 256 << 10;
/// The share of those who have no key.
const NOBODY: &str = "";

/// Renders a document of about `size` bytes, for the namespace that reads it. While it is rendered it exists twice.
pub async fn render(
    app: &App,
    reader: &NamespaceName,
    size: u64,
    document: impl Serialize + Send + 'static,
) -> Result<Response, Rejection> {
    let text = |document| serde_json::to_vec(&document).map_err(|cause| Failure::Internal(cause.into()));
    let rendered = if size <= LARGE {
        text(document)?
    } else {
        let _room = room(app, reader.as_str(), size.saturating_mul(2))?;
        app.documents.run(reader.as_str(), move || text(document)).await??
    };
    Ok(([(CONTENT_TYPE, HeaderValue::from_static(MediaType::JSON))], rendered).into_response())
}

/// Makes and renders the document of an entity, whose parameters and annotations take `weight` bytes of memory.
pub async fn entity(
    app: &App,
    reader: &NamespaceName,
    weight: u64,
    document: impl FnOnce() -> Value + Send + 'static,
) -> Result<Response, Rejection> {
    if weight <= LARGE {
        return Ok(Json(document()).into_response());
    }
    let made = app.documents.run(reader.as_str(), document).await?;
    render(app, reader, weight, made).await
}

fn room(app: &App, share: &str, bytes: u64) -> Result<Charge, Failure> {
    app.budget.answers().charge(share, bytes).map_err(|no_room| Failure::Unavailable(no_room.message()))
}

/// Charges an answer to whom it is for until all of it has been handed to the connection. An answer for which there is
/// no room becomes a 503, so that its memory is free at once.
pub fn charged(app: &App, (path, key): (&str, Option<&HeaderValue>), answer: Response) -> Response {
    let Some(size) = answer.body().size_hint().exact().filter(|size| *size > SMALL) else { return answer };
    match room(app, &reader(app, path, key), size) {
        Ok(charge) => answer.map(|body| Body::new(ChargedBody { body, charge: Some(charge) })),
        Err(full) => Rejection::from(full).into_response(),
    }
}

/// Who reads an answer: the owner of a web action or an API, otherwise the caller.
fn reader(app: &App, path: &str, key: Option<&HeaderValue>) -> String {
    let owner = [WEB, GATEWAY].into_iter().find_map(|prefix| path.strip_prefix(prefix)?.split('/').next());
    match owner {
        Some(owner) => owner.to_owned(),
        None => Caller::recognized(app, key).map_or(NOBODY.to_owned(), |identity| identity.namespace.to_string()),
    }
}

/// A body whose bytes hold their charge as long as they exist, in the buffers of the connection, too.
struct ChargedBody {
    body: Body,
    /// `None` once the bytes have been handed out.
    charge: Option<Charge>,
}

struct ChargedBytes {
    bytes: Bytes,
    _charge: Option<Charge>,
}

impl AsRef<[u8]> for ChargedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl HttpBody for ChargedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        let charge = self.charge.take();
        let held = |bytes| Bytes::from_owner(ChargedBytes { bytes, _charge: charge });
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(held))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
