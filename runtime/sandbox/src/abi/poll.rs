//! `poll_oneoff`, with which a guest sleeps. It waits on the clock of the run, where the library's waits on tokio's.
//! Standard streams are always ready, so a guest waits only for clocks. A sleeping guest holds no thread.

use std::time::Duration;

use wasmtime::{Caller, Linker};

use super::checkpoint::checkpoint;
use super::context::{Context, memory_of, slice, slice_mut};
use crate::engine::GuestClock;

const SUBSCRIPTION_BYTES: usize = 48;
const EVENT_BYTES: usize = 32;

const SUCCESS: i32 = 0;
const BADF: i32 = 8;
const FAULT: i32 = 21;
const INVAL: i32 = 28;

/// What one subscription waits for.
#[derive(Clone, Copy)]
enum Wait {
    /// For this long.
    Clock(Duration),
    /// For input from a descriptor.
    Readable(u32),
    /// For room to write to a descriptor.
    Writable(u32),
}

#[derive(Clone, Copy)]
struct Subscription {
    userdata: u64,
    wait: Wait,
}

/// The address of the subscriptions, the address for the events, the number of subscriptions, and the address for the
/// number of events.
type PollArguments = (u32, u32, u32, u32);

pub(super) fn add_to(linker: &mut Linker<Context>, module: &str) -> wasmtime::Result<()> {
    linker.func_wrap_async(module, "poll_oneoff", |mut caller, arguments: PollArguments| {
        Box::new(async move {
            checkpoint(&mut caller).await?;
            Ok(poll(&mut caller, arguments).await.err().unwrap_or(SUCCESS))
        })
    })?;
    Ok(())
}

/// Waits until the first subscription is ready and writes the events of all that are. `Err` is an error number.
async fn poll(caller: &mut Caller<'_, Context>, (list, events_at, count, count_at): PollArguments) -> Result<(), i32> {
    let subscriptions = read(caller, list, count)?;
    let rest = subscriptions.iter().map(Subscription::rest).min().unwrap_or_default();
    if !rest.is_zero() {
        let sleep = caller.data().clock.sleep(rest);
        sleep.await;
    }
    let ready = subscriptions.iter().filter(|subscription| subscription.rest() <= rest);
    let events: Vec<u8> = ready.flat_map(Subscription::event).collect();
    write(caller, events_at, &events)?;
    write(caller, count_at, &((events.len() / EVENT_BYTES) as u32).to_le_bytes())
}

fn read(caller: &mut Caller<'_, Context>, list: u32, count: u32) -> Result<Vec<Subscription>, i32> {
    if count == 0 || caller.data().poll_subscriptions < count {
        return Err(INVAL);
    }
    let memory = memory_of(caller).ok_or(INVAL)?;
    let length = count.checked_mul(SUBSCRIPTION_BYTES as u32).ok_or(INVAL)?;
    let bytes = slice(memory.data(&*caller), list, length).ok_or(FAULT)?;
    let clock = &*caller.data().clock;
    bytes.as_chunks().0.iter().map(|bytes| Subscription::parse(bytes, clock)).collect()
}

fn write(caller: &mut Caller<'_, Context>, at: u32, bytes: &[u8]) -> Result<(), i32> {
    let memory = memory_of(caller).ok_or(INVAL)?;
    let target = slice_mut(memory.data_mut(caller), at, bytes.len() as u32).ok_or(FAULT)?;
    target.copy_from_slice(bytes);
    Ok(())
}

impl Subscription {
    fn parse(bytes: &[u8; SUBSCRIPTION_BYTES], clock: &dyn GuestClock) -> Result<Subscription, i32> {
        let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        let (id, time, absolute) = (number(16) as u32, Duration::from_nanos(number(24)), bytes[40] & 1 != 0);
        let wait = match (bytes[8], id, absolute) {
            (0, 0 | 1, false) => Wait::Clock(time),
            (0, 0, true) => Wait::Clock(time.saturating_sub(clock.wall())),
            (0, 1, true) => Wait::Clock(time.saturating_sub(clock.monotonic())),
            (1, ..) => Wait::Readable(id),
            (2, ..) => Wait::Writable(id),
            _ => return Err(INVAL),
        };
        Ok(Subscription { userdata: number(0), wait })
    }

    /// The time until it is ready.
    fn rest(&self) -> Duration {
        match self.wait {
            Wait::Clock(rest) => rest,
            Wait::Readable(_) | Wait::Writable(_) => Duration::ZERO,
        }
    }

    fn event(&self) -> [u8; EVENT_BYTES] {
        let (kind, error, bytes) = match self.wait {
            Wait::Clock(_) => (0, SUCCESS, 0),
            Wait::Readable(0) => (1, SUCCESS, 1),
            Wait::Readable(_) => (1, BADF, 0),
            Wait::Writable(1 | 2) => (2, SUCCESS, 1),
            Wait::Writable(_) => (2, BADF, 0),
        };
        let mut event = [0; EVENT_BYTES];
        event[0..8].copy_from_slice(&self.userdata.to_le_bytes());
        event[8..10].copy_from_slice(&(error as u16).to_le_bytes());
        event[10] = kind;
        event[16] = bytes;
        event
    }
}
