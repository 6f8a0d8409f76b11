//! The messages of host calls, the trait that answers them, and what a run remembers of its calls.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::runtime::Handle;

/// One message between guest and host: a JSON object on one line, `\n`, and raw bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// The JSON object.
    pub header: Value,
    /// The bytes after the first line. May be empty.
    pub body: Bytes,
}

/// The services that a guest can reach. The implementation decides what they do.
#[async_trait]
pub trait HostCalls: Send + Sync {
    /// Answers one request. A refusal is an answer too.
    ///
    /// The guest waits for the answer. Dropping the future must be safe, because a run that ends drops it.
    async fn call(&self, request: Frame) -> Frame;
}

/// Offers no services: answers every call with `{"error": …}`.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHostCalls;

#[async_trait]
impl HostCalls for NoHostCalls {
    async fn call(&self, _request: Frame) -> Frame {
        Frame { header: json!({ "error": "No services are available here." }), body: Bytes::new() }
    }
}

impl Frame {
    /// Reads a frame. `None`: there is no `\n`, or the text before it is not a JSON object.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Frame> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let header: Value = serde_json::from_slice(&bytes[..end]).ok()?;
        header.is_object().then(|| Frame { header, body: Bytes::copy_from_slice(&bytes[end + 1..]) })
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.header.to_string().into_bytes();
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// What a run remembers of its host calls.
pub(crate) struct HostCallState {
    pub host: Arc<dyn HostCalls>,
    /// The runtime in which the run was started. Timers and tasks of the services belong there, not on the threads for
    /// long-running guests.
    pub home: Option<Handle>,
    /// How many calls the guest may still make.
    pub left: u32,
    /// The guest made a call although none was left.
    pub used_up: bool,
    /// Size of the largest frame.
    pub frame_bytes: usize,
    /// The response frame that waits for `take`.
    pub waiting: Option<Vec<u8>>,
}
