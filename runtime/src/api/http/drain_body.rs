//! Reads on what a request still sends when it has been answered already.
//!
//! A refusal often comes before the body has: 401, 413, 429. Most clients look at no answer before they have sent
//! everything; to close the connection meanwhile would take the answer away from them.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http::Request;
use http::header::EXPECT;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Bytes that are read for nobody; as much as any body may have. Past it the connection is closed.
const LONGEST: u64 = 50 << 20;

/// What reads on, and for how long.
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

    /// The request with a body that is read to its end even when nobody wants it. Not so where the peer asks first
    /// (`Expect: 100-continue`): it has not begun to send.
    pub fn watch(&self, request: Request<Incoming>) -> Request<Body> {
        let asks_first = request.headers().contains_key(EXPECT);
        request.map(|body| match asks_first || body.is_end_stream() {
            true => Body::new(body),
            false => Body::new(WatchedBody { body: Some(body), drain: self.clone() }),
        })
    }

    /// Ends whatever still reads.
    pub async fn stop(self) {
        self.stopped.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn read(&self, body: Incoming) {
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
    /// `None` while it is dropped.
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
            self.drain.read(body);
        }
    }
}
