//! Every host call is a point at which the guest's turn can end. The engine itself looks where functions and loops
//! begin; code that calls the host in a straight line passes neither, and a call that does not wait would never end its
//! turn.

use std::future::poll_fn;
use std::task::Poll;

use wasmtime::{AsContextMut, Caller};

use super::context::Context;

/// How many bytes a host call may move before it looks again.
pub(super) const PIECE: u32 = 64 << 10;

/// Ends the guest's turn if its tick has passed. `Err`: the guest must end.
pub(super) async fn checkpoint(caller: &mut Caller<'_, Context>) -> wasmtime::Result<()> {
    let context = caller.data();
    if !context.signals.turn_has_passed(&context.ticks) {
        return Ok(());
    }
    context.signals.turn_over(context.clock.monotonic(), context.deadline)?;
    next_turn().await;
    caller.as_context_mut().set_epoch_deadline(1); // or the engine would end the new turn at once
    Ok(())
}

/// Returns when the guest is polled again.
async fn next_turn() {
    let mut waited = false;
    poll_fn(|cx| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
