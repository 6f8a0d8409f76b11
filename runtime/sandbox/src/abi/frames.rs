//! Host calls as the services behind them see them: frames, the trait that answers them, and what a run keeps of them.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::runtime::Handle;

/// One message between guest and host: a JSON object on one line, `\n`, and raw bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    pub header: Value,
    pub body: Bytes,
}

/// The services a guest can reach. Dropping the future must be safe: it happens when the run's time is up.
#[async_trait]
pub trait HostCalls: Send + Sync {
    async fn call(&self, request: Frame) -> Frame;
}

/// Offers no service; every call is answered with `{"error": …}`.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHostCalls;

#[async_trait]
impl HostCalls for NoHostCalls {
    async fn call(&self, _request: Frame) -> Frame {
        Frame { header: json!({ "error": "No services are available here." }), body: Bytes::new() }
    }
}

impl Frame {
    /// `None`: there is no `\n`, or what stands before it is not a JSON object.
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
    /// Where the run was started; the services' timers and tasks belong there, not on the threads for long-running guests.
    pub home: Option<Handle>,
    pub left: u32,
    /// The guest called once more than it may.
    pub used_up: bool,
    pub frame_bytes: usize,
    /// The response frame that waits for `take`.
    pub waiting: Option<Vec<u8>>,
}
