//! Host calls: module `wask`, functions `call` and `take`, and the frames that pass through them. What the services
//! behind them do is decided by whoever implements [`HostCalls`].

use std::future::poll_fn;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use wasmtime::{Caller, Linker};

use super::context::{Context, memory_of, slice, slice_mut};

const MALFORMED: i64 = -1;
const TOO_LARGE: i64 = -2;
const USED_UP: i64 = -3;

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

    fn to_bytes(&self) -> Vec<u8> {
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

pub(crate) fn add_to(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap_async("wask", "call", |caller, (ptr, len): (u32, u32)| Box::new(call(caller, ptr, len)))?;
    linker.func_wrap("wask", "take", take)?;
    Ok(())
}

async fn call(mut caller: Caller<'_, Context>, ptr: u32, len: u32) -> wasmtime::Result<i64> {
    let request = match admit(&mut caller, ptr, len) {
        Ok(request) => request,
        Err(code) => return Ok(code),
    };
    let calls = &caller.data().calls;
    let (host, home, most) = (calls.host.clone(), calls.home.clone(), calls.frame_bytes);

    let response = at_home(home, host.call(request)).await.to_bytes();
    if most < response.len() {
        return Ok(TOO_LARGE);
    }
    let length = response.len() as i64;
    caller.data_mut().calls.waiting = Some(response);
    Ok(length)
}

/// Counts the call and reads its request out of the guest's memory.
fn admit(caller: &mut Caller<'_, Context>, ptr: u32, len: u32) -> Result<Frame, i64> {
    let calls = &mut caller.data_mut().calls;
    calls.waiting = None;
    if calls.left == 0 {
        calls.used_up = true;
        return Err(USED_UP);
    }
    calls.left -= 1;
    if calls.frame_bytes < len as usize {
        return Err(TOO_LARGE);
    }
    let memory = memory_of(caller).ok_or(MALFORMED)?;
    let bytes = slice(memory.data(&*caller), ptr, len).ok_or(MALFORMED)?;
    Frame::parse(bytes).ok_or(MALFORMED)
}

/// Polls `service` as if it ran where the run was started.
async fn at_home<T>(home: Option<Handle>, service: impl Future<Output = T>) -> T {
    let mut service = std::pin::pin!(service);
    poll_fn(|cx| {
        let _entered = home.as_ref().map(Handle::enter);
        service.as_mut().poll(cx)
    })
    .await
}

/// Copies the waiting response to `ptr` and forgets it. -1: nothing waits, or it does not fit there.
fn take(mut caller: Caller<'_, Context>, ptr: u32) -> i32 {
    let Some(response) = caller.data_mut().calls.waiting.take() else { return -1 };
    let Some(memory) = memory_of(&mut caller) else { return -1 };
    let length = response.len() as u32;
    let (data, context) = memory.data_and_store_mut(&mut caller);
    match slice_mut(data, ptr, length) {
        Some(place) => {
            place.copy_from_slice(&response);
            length as i32
        }
        None => {
            context.calls.waiting = Some(response); // the guest may try another place
            -1
        }
    }
}
