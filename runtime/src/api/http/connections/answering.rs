//! A request counts as in flight until its answer is handed over, one without a known length until its last byte is.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use pin_project_lite::pin_project;

use super::InFlight;
use super::clients::OfClient;

/// What counts a request as in flight, for its connection and for its client behind a proxy.
pub type Guards = (InFlight, Option<OfClient>);

pin_project! {
    /// The answer to come.
    pub struct Answering<F> {
        #[pin]
        answer: F,
        guards: Option<Guards>,
    }
}

impl<F> Answering<F> {
    pub fn new(answer: F, guards: Guards) -> Self {
        Answering { answer, guards: Some(guards) }
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Answering<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(response) = ready!(this.answer.poll(cx));
        let guards = this.guards.take();
        Poll::Ready(Ok(match response.body().size_hint().exact() {
            Some(_) => response,
            None => response.map(|body| Body::new(Streaming { body, _guards: guards })),
        }))
    }
}

/// The body of an answer whose length is not known, such as a stream of events.
struct Streaming {
    body: Body,
    _guards: Option<Guards>,
}

impl HttpBody for Streaming {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
