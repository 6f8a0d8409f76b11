//! The body of a request while it arrives: its peer must send something all the time, and what comes after the answer is
//! drained.
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
use tokio::time::{Instant, Sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How many bytes are drained; no route reads a larger body. Beyond it the connection is closed.
const LONGEST: u64 = 50 << 20;

/// Bytes that must arrive in `progress`, unless they are the last.
const LEAST_PROGRESS: u64 = 16 << 10;

/// Drains bodies in the background, each for at most `limit`, and ends those that make no progress.
#[derive(Clone)]
pub struct BodyDrain {
    limit: Duration,
    progress: Duration,
    tasks: TaskTracker,
    stopped: CancellationToken,
}

impl BodyDrain {
    pub fn new(limit: Duration, progress: Duration) -> Self {
        BodyDrain { limit, progress, tasks: TaskTracker::new(), stopped: CancellationToken::new() }
    }

    /// Wraps the request's body so that it is read to its end even if the handler drops it. A peer that asks first
    /// (`Expect: 100-continue`) has not begun to send, so its body is left alone.
    pub fn watch(&self, request: Request<Incoming>) -> Request<Body> {
        let asks_first = request.headers().contains_key(EXPECT);
        request.map(|body| {
            if body.is_end_stream() {
                Body::new(body)
            } else {
                Body::new(WatchedBody {
                    body: Some(body),
                    asks_first,
                    drain: self.clone(),
                    waiting: Waiting::NotYet,
                    arrived: 0,
                })
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

/// The peer of a body sends too little for too long.
#[derive(Debug, thiserror::Error)]
#[error("less than {LEAST_PROGRESS} bytes came in {0:?}")]
pub struct Stalled(pub Duration);

/// Why a body ends before its end.
type BodyError = Box<dyn std::error::Error + Send + Sync>;

struct WatchedBody {
    /// `None` once it is being drained.
    body: Option<Incoming>,
    /// The peer has not begun to send, so nothing is drained.
    asks_first: bool,
    drain: BodyDrain,
    waiting: Waiting,
    /// Bytes since `waiting` began.
    arrived: u64,
}

/// What ends a wait for more of a body.
enum Waiting {
    /// It was there at once.
    NotYet,
    /// It was not. Most bodies arrive in the same moment as their heads, so it is looked for once more before there is a
    /// timer.
    Again,
    /// Ends when the peer must have made progress.
    Until(Pin<Box<Sleep>>),
}

impl WatchedBody {
    /// Whether the peer has sent too little for too long.
    fn is_stalled(&mut self, cx: &mut Context<'_>) -> bool {
        let progress = self.drain.progress;
        if let Waiting::NotYet = self.waiting {
            self.waiting = Waiting::Again;
            cx.waker().wake_by_ref();
            return false;
        }
        if let Waiting::Again = self.waiting {
            self.waiting = Waiting::Until(Box::pin(tokio::time::sleep(progress)));
        }
        let Waiting::Until(waiting) = &mut self.waiting else { return false };
        while waiting.as_mut().poll(cx).is_ready() {
            if self.arrived < LEAST_PROGRESS {
                return true;
            }
            self.arrived = 0;
            waiting.as_mut().reset(Instant::now() + progress);
        }
        false
    }
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        match Pin::new(body).poll_frame(cx) {
            Poll::Ready(frame) => {
                let bytes = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
                self.arrived += bytes.map_or(0, |bytes| bytes.len() as u64);
                Poll::Ready(frame.map(|frame| frame.map_err(BodyError::from)))
            }
            Poll::Pending if self.is_stalled(cx) => Poll::Ready(Some(Err(Stalled(self.drain.progress).into()))),
            Poll::Pending => Poll::Pending,
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
        if let Some(body) = self.body.take().filter(|body| !self.asks_first && !body.is_end_stream()) {
            self.drain.drain_in_background(body);
        }
    }
}
