//! The guest's standard output and error, for the WASI library. They are always ready, and what is written goes to the
//! [`Output`] of the run at once.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use super::lines::Output;
use super::logs::Stream;
use crate::engine::GuestClock;

/// How many bytes may be written at a time. Preview 1 does not ask.
const PERMIT: usize = 64 << 10;

/// The output of a run, shared by its two streams.
pub(crate) struct GuestOutput {
    output: Mutex<Output>,
    clock: Arc<dyn GuestClock>,
}

impl GuestOutput {
    pub fn new(output: Output, clock: Arc<dyn GuestClock>) -> GuestOutput {
        GuestOutput { output: Mutex::new(output), clock }
    }

    pub fn clock(&self) -> &Arc<dyn GuestClock> {
        &self.clock
    }

    /// Takes the output out. Only for the last owner, after the guest and its streams are gone.
    pub fn into_output(self: Arc<GuestOutput>) -> Output {
        let written = Arc::into_inner(self).expect("the streams are gone with the guest");
        written.output.into_inner().expect("no panic while held")
    }

    fn write(&self, stream: Stream, bytes: &[u8]) {
        let at = self.clock.wall();
        self.output.lock().expect("no panic while held").write(stream, bytes, at);
    }
}

/// One of the two streams of a run.
#[derive(Clone)]
pub(crate) struct GuestStream {
    to: Arc<GuestOutput>,
    stream: Stream,
}

impl GuestStream {
    pub fn new(to: &Arc<GuestOutput>, stream: Stream) -> GuestStream {
        GuestStream { to: to.clone(), stream }
    }
}

impl IsTerminal for GuestStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestStream {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl OutputStream for GuestStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.to.write(self.stream, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT)
    }

    /// Every write of preview 1 comes through here. There is nothing to wait for.
    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.write(bytes)
    }
}

#[async_trait]
impl Pollable for GuestStream {
    async fn ready(&mut self) {}
}

impl AsyncWrite for GuestStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.to.write(self.stream, bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
