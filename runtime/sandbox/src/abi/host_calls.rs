//! Host calls: the functions `call` and `take` of module `wask`, which pass frames between a guest and the services of
//! its run.

use std::future::poll_fn;

use tokio::runtime::Handle;
use wasmtime::{Caller, Linker};

use super::checkpoint::checkpoint;
use super::context::{Context, memory_of, slice, slice_mut};
use super::frames::Frame;

const MALFORMED: i64 = -1;
const TOO_LARGE: i64 = -2;
const USED_UP: i64 = -3;

pub(super) fn add_to(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap_async("wask", "call", |caller, (ptr, len): (u32, u32)| Box::new(call(caller, ptr, len)))?;
    linker.func_wrap_async("wask", "take", |mut caller, (ptr,): (u32,)| {
        Box::new(async move {
            checkpoint(&mut caller).await?;
            Ok(take(caller, ptr))
        })
    })?;
    Ok(())
}

async fn call(mut caller: Caller<'_, Context>, ptr: u32, len: u32) -> wasmtime::Result<i64> {
    checkpoint(&mut caller).await?;
    let request = match admit(&mut caller, ptr, len) {
        Ok(request) => request,
        Err(code) => return Ok(code),
    };
    let calls = &caller.data().calls;
    let (host, home, most) = (calls.host.clone(), calls.home.clone(), calls.frame_bytes);

    let response = at_home(home, host.call(request)).await.to_bytes();
    if response.len() > most {
        return Ok(TOO_LARGE);
    }
    let length = response.len() as i64;
    caller.data_mut().calls.waiting = Some(response);
    Ok(length)
}

/// Counts the call and reads its request from the guest's memory. `Err` is the code that the guest gets.
fn admit(caller: &mut Caller<'_, Context>, ptr: u32, len: u32) -> Result<Frame, i64> {
    let calls = &mut caller.data_mut().calls;
    calls.waiting = None;
    if calls.left == 0 {
        calls.used_up = true;
        return Err(USED_UP);
    }
    calls.left -= 1;
    if len as usize > calls.frame_bytes {
        return Err(TOO_LARGE);
    }
    let memory = memory_of(caller).ok_or(MALFORMED)?;
    let bytes = slice(memory.data(&*caller), ptr, len).ok_or(MALFORMED)?;
    Frame::parse(bytes).ok_or(MALFORMED)
}

/// Polls `service` inside the runtime in which the run was started.
async fn at_home<T>(home: Option<Handle>, service: impl Future<Output = T>) -> T {
    let mut service = std::pin::pin!(service);
    poll_fn(|cx| {
        let _entered = home.as_ref().map(Handle::enter);
        service.as_mut().poll(cx)
    })
    .await
}

/// Copies the waiting response to `ptr` and forgets it. Returns its length; -1 if no response waits or it does not fit.
fn take(mut caller: Caller<'_, Context>, ptr: u32) -> i32 {
    let Some(response) = caller.data_mut().calls.waiting.take() else { return -1 };
    let Some(memory) = memory_of(&mut caller) else { return -1 };
    let length = response.len() as u32;
    let (data, context) = memory.data_and_store_mut(&mut caller);
    match slice_mut(data, ptr, length) {
        Some(target) => {
            target.copy_from_slice(&response);
            length as i32
        }
        None => {
            context.calls.waiting = Some(response); // the guest may try another address
            -1
        }
    }
}
