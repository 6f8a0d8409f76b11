//! Drains the body of a request that has already been answered.
//!
//! A refusal (401, 413, 429) often comes before the body has arrived. Most clients read the response only after they
//! have sent everything; closing the connection early would lose the response.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http::Request;
use http::header::EXPECT;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How many bytes are drained; no route reads a larger body. Beyond it the connection is closed.
const LONGEST: u64 = 50 << 20;

/// Drains bodies in the background, each for at most `limit`.
#[derive(Clone)]
pub struct BodyDrain {
    limit: Duration,
    tasks: TaskTracker,
    stopped: CancellationToken,
}

impl BodyDrain {
    pub fn new(limit: Duration) -> Self {
        BodyDrain { limit, tasks: TaskTracker::new(), stopped: CancellationToken::new() }
    }

    /// Wraps the request's body so that it is read to its end even if the handler drops it. A peer that asks first
    /// (`Expect: 100-continue`) has not begun to send, so its body is left alone.
    pub fn watch(&self, request: Request<Incoming>) -> Request<Body> {
        let asks_first = request.headers().contains_key(EXPECT);
        request.map(|body| {
            if asks_first || body.is_end_stream() {
                Body::new(body)
            } else {
                Body::new(WatchedBody { body: Some(body), drain: self.clone() })
            }
        })
    }

    /// Stops draining.
    pub async fn stop(self) {
        self.stopped.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn drain_in_background(&self, body: Incoming) {
        let (limit, stopped) = (self.limit, self.stopped.clone());
        self.tasks.spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => (),
                _ = tokio::time::timeout(limit, to_the_end(body)) => (),
            }
        });
    }
}

async fn to_the_end(mut body: Incoming) {
    let mut left = LONGEST;
    while let Some(Ok(frame)) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let size = frame.data_ref().map_or(0, |data| data.len() as u64);
        match left.checked_sub(size) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

struct WatchedBody {
    /// `None` once it is being drained.
    body: Option<Incoming>,
    drain: BodyDrain,
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) {
            self.drain.drain_in_background(body);
        }
    }
}
